import { UsageError } from '../../../../system/errors.js';
import { printable } from '../../../../system/printable.js';
import type { Instance } from '../../../dataset.js';
import type { UnlabelledStretch } from '../../../unlabelled-stretches.js';
import type { LabelledVideo } from '../../tools/tool-format.js';

/** The media files of an observation's first player, which are played one after the other. */
export interface BorisMedia {
  /** Paths, with the length of each in seconds; undefined where it is not known. */
  files: readonly { path: string; seconds: number | undefined }[];
  /** Seconds that the observation's clock shows when the first file begins. */
  offset: number;
}

/**
 * Brings instances from the clock of an observation to the times of its media files. One that goes on from one file
 * into the next is divided there.
 *
 * @param where - `file:line` of the observation.
 * @param unlabelled - Stretches of the observation's clock in which nobody watched.
 * @returns A video for each media file, also where nothing happens in it.
 * @throws UsageError where several files are played and the length of one is not known.
 */
export function onMedia(
  { files, offset }: BorisMedia,
  instances: readonly Instance[],
  where: string,
  unlabelled: readonly UnlabelledStretch[] = [],
): LabelledVideo[] {
  let begin = offset;
  const early = instances.find(({ start }) => start < offset - 0.001);
  if (early)
    throw new UsageError(
      `${where}: ${printable(JSON.stringify(early.label), 60)} is at ${early.start} s, before the observation's time ` +
        `offset of ${offset} s`,
    );
  return files.map(({ path, seconds }, i) => {
    const last = i === files.length - 1;
    if (!last && seconds === undefined)
      throw new UsageError(
        `${where}: several media files one after the other, and the length of ${printable(path, 80)} is not given`,
      );
    const [from, to] = [begin, last ? Infinity : begin + seconds!];
    begin = to;
    const cut = <T extends { start: number; end: number }>(span: T): T[] => {
      const [start, end] = [Math.max(span.start, from), Math.min(span.end, to)];
      const isPoint = span.start === span.end && span.start >= from && span.start < to;
      return end > start || isPoint ? [{ ...span, start: rounded(start - from), end: rounded(end - from) }] : [];
    };
    const stretches = unlabelled.flatMap(([start, end]) => cut({ start, end }));
    return {
      names: [path],
      where,
      ...(seconds !== undefined && seconds > 0 && { duration: seconds }),
      instances: instances.flatMap(cut),
      ...(stretches.length > 0 && { unlabelled: stretches.map(({ start, end }): UnlabelledStretch => [start, end]) }),
    };
  });
}

/** Without the rounding of the subtraction: BORIS writes milliseconds. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
