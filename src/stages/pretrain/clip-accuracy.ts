import * as tf from '@tensorflow/tfjs-core';
import type { MeasuredClip } from '../../data/measured-clips.js';
import { topAccuracy } from '../../train/accuracy.js';
import type { ClipBatch } from './clip-batches.js';

/**
 * Top-1 and top-5 accuracy on clips, by the mean logits of each clip's samples.
 *
 * @param logits - Computes the logits `[N, K]` of a batch's samples.
 * @param classOf - Gives the number of a clip's class.
 */
export async function clipAccuracy(
  batches: AsyncIterable<ClipBatch>,
  logits: (batch: ClipBatch) => tf.Tensor2D,
  classOf: (clip: MeasuredClip) => number,
): Promise<{ top1: number; top5: number }> {
  // Sums rank like means, because all classes of a clip have the same number of samples.
  const sums = new Map<MeasuredClip, Float64Array>();
  for await (const batch of batches) {
    // No sample of the batch could be read.
    if (batch.clips.length === 0) continue;
    const scores = tf.tidy(() => logits(batch));
    const [, classes] = scores.shape;
    const values = scores.dataSync<'float32'>();
    scores.dispose();
    batch.clips.forEach((clip, i) => {
      const sum = sums.get(clip) ?? new Float64Array(classes);
      sums.set(
        clip,
        sum.map((total, k) => total + values[i * classes + k]!),
      );
    });
  }
  const [rows, labels] = [[...sums.values()], [...sums.keys()].map(classOf)];
  return { top1: topAccuracy(rows, labels, 1), top5: topAccuracy(rows, labels, 5) };
}
