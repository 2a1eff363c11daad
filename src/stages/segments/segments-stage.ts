import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { MadeOf } from '../../checkpoints/run-store.js';
import { startsFromPretext } from '../../config/pretext/pretext-facts.js';
import { randomStream, type Random } from '../../engine/random.js';
import { meanLoss } from '../../models/classifier.js';
import type { HeadInstance } from '../../models/heads/head.js';
import { concatenated } from '../../system/concatenated.js';
import type { Owned } from '../../system/owned.js';
import type { Draw } from '../../train/batches/draw.js';
import type { Batch } from '../../train/loop.js';
import { optimizerOf } from '../../train/optimizers/optimizer-of.js';
import { weightRules } from '../../train/optimizers/parameter-rules.js';
import { sampledSource, type Slots } from '../../train/samplers/sampler.js';
import { samplerOf } from '../../train/samplers/sampler-of.js';
import { scoresInChunks } from '../../train/samplers/scores-in-chunks.js';
import { evenSizes } from '../../train/samplers/shuffled.js';
import { ownedParts } from '../../train/trained-parts.js';
import {
  seenVideos,
  startOnFeatures,
  trainingInputs,
  withPretext,
  type FeatureStart,
} from '../features/trained-on-features.js';
import type { Run } from '../run/run.js';
import type { TrainingPlan } from '../training/training-plan.js';
import { trainingStage, type TrainingStage } from '../training/training-stage.js';
import { freshSegmentClassifier } from './segment-classifier.js';

/** An instance with the features of its video. */
interface SegmentSample extends HeadInstance {
  id: string;
  features: Features;
}

interface SegmentBatch extends Batch {
  samples: SegmentSample[];
  /** Number of the batch within the epoch. */
  number: number;
  drawn: Draw;
}

/** Instances in an optimiser step. */
export const batchSize = 64;

/**
 * Trains the classifier of segments on training instances with jittered ends, for heads that give no labels, or where
 * the section `segments` asks for it: a softmax over one vector of an instance, by default its mean feature, or at
 * every step of an LSTM. Features are standardised by the mean and deviation over all training snippets, or, where the
 * LSTM starts from `pretext`, as that has seen them. The head stores the classifier, frozen.
 */
export const segments = segmentsStage(startOnFeatures);

/** The same stage as {@link segments}, on features that `start` opens. */
export function segmentsStage(start: (run: Run) => FeatureStart): TrainingStage<SegmentBatch, FeatureStart> {
  return trainingStage({
    name: 'segments',
    start: (run) => withPretext(start(run), startsFromPretext('segments', run.config)),
    inputs: (run) => Promise.resolve(trainingInputs(run)),
    plan: planSegments,
  });
}

function planSegments(
  run: Run,
  madeOf: MadeOf,
  owned: Owned,
  { source, pretext }: FeatureStart,
): TrainingPlan<SegmentBatch> {
  const {
    seed,
    head: { classifier: options },
  } = run.config;
  const seen = seenVideos(run, source);
  const { layers, parameters } = freshSegmentClassifier(run.config, source.channels, run.dataset.classes);
  owned.add(parameters);
  const viewed = seen.flatMap(({ id, views, instances }) => views.map((features) => ({ id, features, instances })));
  const begin = () => {
    const training = viewed.map(({ features, instances }) => ({
      features,
      spans: instances.map(({ start, end }) => [start, end] as const),
    }));
    layers.begin(parameters, training, randomStream(seed, 'classifier', 'codebook'), pretext());
  };
  const samples = viewed.flatMap(({ id, features, instances }) =>
    instances.map((instance): SegmentSample => ({ id, features, ...instance })),
  );
  const rules = weightRules(parameters.specs, options.weightDecay);
  const sizes = evenSizes(samples.length, batchSize);
  const slots: Slots = {
    sizes: () => sizes,
    shape: () => '',
    classes: samples.map(({ label }) => [label]),
    classCount: run.dataset.classes.length,
  };
  const randomOf = (epoch: number, batch: number) => randomStream(seed, 'classifier', 'sample', epoch, batch);
  /** The loss of each sample, with its ends jittered. */
  const losses = (list: readonly SegmentSample[], random: Random) => {
    const rows = list.map(({ features, start, end }) => {
      const room = options.jitter * (end - start);
      const span = [start + random.between(-room, room), end + random.between(-room, room)] as const;
      return layers.rowsOf(features, span, random);
    });
    const x = tf.tensor3d(concatenated(rows), [list.length, layers.rows, source.channels]);
    const labels = list.map(({ label }) => label);
    return layers.losses(x, labels, parameters, { fraction: options.dropout, seed: random.below(2 ** 31) });
  };
  // eslint-disable-next-line @typescript-eslint/require-await -- the features are in memory
  async function* batches(draw: (batch: number) => Draw, { from, to }: { from: number; to: number }) {
    for (let number = from; number < to; number++) {
      const drawn = draw(number);
      const batch = drawn.items.map(({ item }) => samples[item]!);
      yield { ids: batch.map(({ id }) => id), samples: batch, number, drawn };
    }
  }
  const score = (items: readonly number[], { epoch, batch }: { epoch: number; batch: number }) =>
    scoresInChunks(items, batchSize, (some) =>
      losses(
        some.map((item) => samples[item]!),
        randomStream(seed, 'classifier', 'scores', epoch, batch, some[0]!),
      ),
    );
  return {
    stage: 'segments',
    what: 'segment classifier',
    madeOf,
    parts: ownedParts(
      owned,
      'segments',
      { lrFactors: {}, ema: 0 },
      { classifier: { parameters, rules } },
      optimizerOf({ optimizer: 'adam' }),
    ),
    pace: { epochs: options.epochs, steps: () => sizes.length, rate: () => options.lr },
    options: { microBatch: null, clipNorm: 0 },
    keys: 'head.classifier',
    begin,
    source: sampledSource(samplerOf(options.sampler, slots, { seed, stage: 'classifier' }, score), batches),
    shape: () => '',
    through: 'tape',
    loss: ({ samples: batch, number }, _micro, { epoch }) => meanLoss(losses(batch, randomOf(epoch, number))),
  };
}
