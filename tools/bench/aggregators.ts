/**
 * Measures what rank pooling adds to a step of stage 1, and how its time grows with the length of the sequence.
 *
 *   npx tsx tools/bench/aggregators.ts [--rounds 7] [--out docs/images/rank-pooling.svg]
 *
 * In turn it takes a step of TSM-ResNet-18 on 8 clips of 8 frames of 112², and rank pooling with its gradient of 8
 * sequences of T steps of 512 channels, on the tape as the encoder uses it. Prints one JSON line for each T with
 * medians in seconds, and the ratio to the step.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { TopLevelSpec } from 'vega-lite';
import { aggregatorSchema } from '../../src/config/sections/aggregator-section.js';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { recordAggregate } from '../../src/models/aggregators/aggregate.js';
import { buildAggregator } from '../../src/models/aggregators/aggregator-catalogue.js';
import { Classifier, crossEntropies, meanLoss } from '../../src/models/classifier.js';
import { resnet18 } from '../../src/models/encoders/resnet.js';
import type { Pass } from '../../src/models/layers/layer.js';
import { Parameters } from '../../src/models/parameters.js';
import { svgOf } from '../../src/report/charts/charts.js';
import { writeFileAtomic } from '../../src/system/files/files.js';
import { print } from '../../src/system/say.js';
import { optimizerOf } from '../../src/train/optimizers/optimizer-of.js';
import { tsmRules } from '../../src/train/optimizers/parameter-rules.js';
import { trainedParts } from '../../src/train/trained-parts.js';
import { undivided } from '../../src/train/ranks/division.js';
import { update } from '../../src/train/update.js';
import { median, rounded } from './figures.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    out: { type: 'string', default: 'docs/images/rank-pooling.svg' },
  },
});
const lengths = [8, 16, 32, 64, 128, 256, 512];
const [batch, channels, classes, frames, size] = [8, 512, 20, 8, 112];

await startEngine();
const step = trainingStep();
const pools = new Map(lengths.map((steps) => [steps, poolingOf(steps)]));
const seconds = new Map<string | number, number[]>(['step', ...lengths].map((of) => [of, []]));
for (let round = 0; round <= Number(values.rounds); round++) {
  for (const [of, work] of [['step', step] as const, ...pools]) {
    const begin = performance.now();
    work();
    // The first round warms up.
    if (round > 0) seconds.get(of)!.push((performance.now() - begin) / 1000);
  }
}
const whole = median(seconds.get('step')!);
const points = lengths.map((steps) => ({ steps, seconds: median(seconds.get(steps)!) }));
for (const point of points)
  print(
    JSON.stringify({
      ...{ steps: point.steps, channels, batch, rank_seconds: rounded(point.seconds, 5) },
      ...{ step_seconds: rounded(whole), ratio: rounded(point.seconds / whole) },
    }),
  );
writeFileAtomic(values.out, `${await svgOf(plot())}\n`);

/** A step of stage 1: encoder and classifier, forwards, backwards and the optimizer's update. */
function trainingStep(): () => void {
  const encoder = resnet18({ width: 64, shift: 8 });
  const classifier = new Classifier(encoder.channels, classes, 0.001);
  const options = {
    optimizer: 'sgd',
    momentum: 0.9,
    weightDecay: 1e-4,
    classifierLr: 5,
    lrFactors: {},
    ema: 0,
  } as const;
  const planned = (parameters: Parameters) => ({ parameters, rules: tsmRules(parameters.specs, options) });
  const parts = trainedParts(
    'pretrain',
    options,
    {
      encoder: planned(new Parameters(encoder.parameters, randomStream(1, 'encoder'))),
      classifier: planned(new Parameters(classifier.parameters, randomStream(1, 'classifier'))),
    },
    optimizerOf(options),
  );
  const pass: Pass = {
    parameters: parts.encoder.parameters,
    normalization: 'batch',
    onStatistics: parts.encoder.statistics.collect,
  };
  const bytes = randomStream(1, 'frames');
  const clips = Float32Array.from({ length: batch * frames * size * size * 3 }, () => bytes.below(256));
  const labels = Array.from({ length: batch }, (_, i) => i % classes);
  let taken = 0;
  return () => {
    update(
      parts,
      undivided([batch]),
      20,
      { step: taken++, lr: 0.01 },
      {
        through: 'encoder',
        record: () => encoder.record(tf.tensor(clips, [batch, 1, frames, size, size, 3]), pass),
        loss(_micro, features) {
          const flat = tf.reshape<tf.Rank.R2>(features, [-1, channels]);
          const logits = classifier.logits(flat, { ...pass, parameters: parts.classifier.parameters }, 0.5, taken);
          return meanLoss(crossEntropies(logits, labels));
        },
      },
    );
  };
}

/** Rank pooling of a batch of sequences, forwards and backwards. */
function poolingOf(steps: number): () => void {
  const aggregator = buildAggregator(aggregatorSchema.parse({ type: 'rank' }), channels);
  const random = randomStream(1, 'features', steps);
  const features = Float32Array.from({ length: batch * steps * channels }, () => Math.max(0, random.normal()));
  const x = tf.tensor3d(features, [batch, steps, channels]);
  const dValue = tf.ones<tf.Rank.R2>([batch, channels]);
  const parameters = new Parameters([], random);
  return () => {
    const valid = Array<number>(batch).fill(steps);
    const record = recordAggregate(aggregator, { x, valid }, parameters);
    tf.dispose([record.value, record.backward(dValue).dx]);
  };
}

function plot(): TopLevelSpec {
  const scale = { type: 'log' as const };
  return {
    background: 'white',
    width: 420,
    height: 260,
    layer: [
      {
        data: { values: points },
        mark: { type: 'line', point: true },
        encoding: {
          x: { field: 'steps', type: 'quantitative', scale, title: 'length of the sequence T' },
          y: { field: 'seconds', type: 'quantitative', scale, title: 'seconds, 8 sequences of 512 channels' },
        },
      },
      {
        data: { values: [{ seconds: whole, of: 'a step of stage 1' }] },
        mark: { type: 'rule', strokeDash: [4, 3] },
        encoding: { y: { field: 'seconds', type: 'quantitative', scale } },
      },
    ],
  };
}
