import * as tf from '@tensorflow/tfjs-core';
import type { MeasuredClip } from '../../data/measured-clips.js';
import { topAccuracy } from '../../train/accuracy.js';
import type { ClipBatch } from './clip-batches.js';

/**
 * The part of the clips whose class is the first, and among the first five, by the mean logits of the clip's samples.
 *
 * @param logits - Of the samples of a batch, `[N, K]`.
 * @param classOf - A clip's class number.
 */
export async function clipAccuracy(
  batches: AsyncIterable<ClipBatch>,
  logits: (batch: ClipBatch) => tf.Tensor2D,
  classOf: (clip: MeasuredClip) => number,
): Promise<{ top1: number; top5: number }> {
  // The samples of a clip are as many for each class, so sums rank as means do.
  const sums = new Map<MeasuredClip, Float64Array>();
  for await (const batch of batches) {
    // None of it could be read.
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
