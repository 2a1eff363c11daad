import type * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../../config/schema.js';
import { randomStream, type Random } from '../../engine/random.js';
import type { BatchSource } from '../../train/batches/batch-source.js';
import type { Draw } from '../../train/batches/draw.js';
import type { Batch } from '../../train/loop.js';
import { microBatches, slotsOf, type RankShare } from '../../train/ranks/division.js';
import { sampledSource } from '../../train/samplers/sampler.js';
import { samplerOf } from '../../train/samplers/sampler-of.js';
import { scoresInChunks } from '../../train/samplers/scores-in-chunks.js';
import { evenSizes } from '../../train/samplers/shuffled.js';
import type { HeadSample, HeadSamples } from './head-samples.js';

/** A batch of samples of the head. */
export interface HeadBatch extends Batch {
  samples: HeadSample[];
  groups: number[];
  slots: number[];
  drawn: Draw;
}

/**
 * The source of the head's batches, whose items are chosen by `head.sampler`.
 *
 * @param shape - The fidelity of all batches.
 * @param classes - Number of classes.
 * @param share - Of each batch the micro-batches of this process are made.
 * @param losses - Computes the loss `[n]` of each of some samples by the head as it is.
 */
export function headSource(
  { seed, head: { sampler: options, batch, microBatch } }: Pick<Config, 'seed' | 'head'>,
  samples: HeadSamples,
  shape: string,
  classes: number,
  share: RankShare,
  losses: (list: readonly HeadSample[], draws: Random) => tf.Tensor1D,
): BatchSource<HeadBatch> {
  const sizes = evenSizes(samples.classes.length, batch);
  const slots = { sizes: () => sizes, shape: () => shape, classes: samples.classes, classCount: classes };
  const sampler = samplerOf(options, slots, { seed, stage: 'head' }, (items, at) =>
    scoresInChunks(items, microBatch ?? batch, (some) =>
      losses(
        some.map((item) => samples.of(item, at.epoch, [at.batch])),
        randomStream(seed, 'head', 'scores', at.epoch, at.batch, some[0]!),
      ),
    ),
  );
  // eslint-disable-next-line @typescript-eslint/require-await -- the features are in memory
  return sampledSource(sampler, async function* (draw, { epoch, from, to }) {
    for (let number = from; number < to; number++) {
      const drawn = draw(number);
      const groups = microBatches(drawn.items.length, microBatch);
      const own = slotsOf(groups, share);
      const list = drawn.items.slice(own.from, own.to).map(({ item, draw }) => samples.of(item, epoch, draw));
      const slots = list.map((_, i) => own.from + i);
      yield { ids: list.map(({ id }) => id), samples: list, groups, slots, drawn };
    }
  });
}
