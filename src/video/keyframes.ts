/**
 * Numbers of the keyframes among the packets. Packets come in order of decoding, which is close
 * enough to that of the frames.
 */
export class Keyframes {
  private readonly numbers: number[] = [];
  private packets = 0;

  add(keyframe: boolean): void {
    if (keyframe) this.numbers.push(this.packets);
    this.packets++;
  }

  /** Greatest number of packets from one keyframe to the next. */
  gap(): number {
    return [...this.numbers, this.packets].reduce(
      (most, end, i) => Math.max(most, end - (this.numbers[i - 1] ?? 0)),
      0,
    );
  }

  /** Number of frames from the last keyframe before a frame to that frame. */
  runTo(frame: number): number {
    return frame - (this.numbers.findLast((number) => number <= frame) ?? 0);
  }
}
