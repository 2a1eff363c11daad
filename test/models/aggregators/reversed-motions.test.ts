import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { aggregatorSchema } from '../../../src/config/sections/aggregator-section.js';
import { planBackdrop } from '../../../src/data/synth/backdrop.js';
import { act, opposite, startingPose, type MotionName, type Pose } from '../../../src/data/synth/motions.js';
import { renderFrame } from '../../../src/data/synth/render.js';
import type { Scene } from '../../../src/data/synth/scene.js';
import { colourOf, shapeKinds } from '../../../src/data/synth/shapes.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream, type Random } from '../../../src/engine/random.js';
import { buildAggregator } from '../../../src/models/aggregators/aggregator-catalogue.js';
import { Classifier, crossEntropies, meanLoss } from '../../../src/models/classifier.js';
import { aggregated } from '../../../src/models/encoders/aggregated.js';
import { imagenetScaling, unitEncoder, type Encoder } from '../../../src/models/encoders/encoder.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { normalizedConv } from '../../../src/models/units/normalized.js';
import { residualUnit } from '../../../src/models/units/residual-unit.js';
import { stemUnit } from '../../../src/models/units/stem.js';
import { concatenated } from '../../../src/system/concatenated.js';
import { optimizerOf } from '../../../src/train/optimizers/optimizer-of.js';
import { tsmRules } from '../../../src/train/optimizers/parameter-rules.js';
import { disposeParts, trainedParts } from '../../../src/train/trained-parts.js';
import { undivided } from '../../../src/train/ranks/division.js';
import { update } from '../../../src/train/update.js';

/*
 * Synthetic clips of two motions, each of which is the other one backwards: no property of single frames tells them
 * apart. A network of single frames, which has learnt where the moving shape is, is trained on with the mean and with
 * rank pooling of its features.
 */

const { name: engine } = await startEngine();

/** Side of the pictures in pixels, frames of a clip, frames of the scene between them. */
const [side, frames, gap, fps] = [32, 3, 4, 20];
const motions: readonly MotionName[] = ['move-left', 'move-right'];

interface Clip {
  /** `[frames, side, side, 3]`. */
  pixels: Float32Array;
  /** Which eighth of the picture, from the left, the shape is in, for each frame. */
  eighths: number[];
  label: number;
}

/** A clip of the synthetic set, at a small size: of each motion half are made by its opposite and played backwards. */
function makeClip(label: number, random: Random): Clip {
  const area = { width: side, height: side, fps };
  const motion = motions[label]!;
  const backwards = random.uniform() < 0.5;
  const backdrop = planBackdrop(side, side, random);
  const poses = act(backwards ? opposite[motion] : motion, startingPose(area, random), 100, area, random);
  if (backwards) poses.reverse();
  // The shape goes round and round: seen is a part in which it stays in the picture.
  let shown: Pose[];
  do {
    const from = random.below(100 - (frames - 1) * gap);
    shown = Array.from({ length: frames }, (_, i) => poses[from + i * gap]!);
  } while (shown.some(({ x }) => x < 0 || x > side) || Math.abs(shown[0]!.x - shown.at(-1)!.x) > side / 2);
  const scene: Scene = {
    ...{ width: side, height: side, fps: [fps, gap], poses: shown, instances: [], backdrop },
    shape: random.pick(shapeKinds),
    colour: colourOf(random.uniform(), random.between(0.85, 1), random.between(0.85, 1)),
    tilt: random.between(0, 2 * Math.PI),
  };
  const eighth = (x: number) => Math.min(7, Math.floor((8 * x) / side));
  return {
    pixels: Float32Array.from(concatenated(shown.map((_, i) => renderFrame(scene, i)))),
    eighths: shown.map(({ x }) => eighth(x)),
    label,
  };
}

const clipsOf = (count: number, ...name: (string | number)[]) =>
  Array.from({ length: count }, (_, i) => makeClip(i % 2, randomStream(5, ...name, i)));

/** A small network of single frames, whose last layer sees the whole picture. */
function frameNetwork(): Encoder {
  const block = (name: string, inputs: number, out: number, kernel: number, stride: number) =>
    residualUnit({
      branch: [
        normalizedConv(`${name}.conv1`, `${name}.bn1`, { in: inputs, out, kernel, stride }),
        normalizedConv(`${name}.conv2`, `${name}.bn2`, { in: out, out, kernel: 1 }),
      ],
      shortcut: normalizedConv(`${name}.conv3`, `${name}.bn3`, { in: inputs, out, kernel: 1, stride }),
      shift: 0,
    });
  const stem = stemUnit(normalizedConv('conv1', 'bn1', { in: 3, out: 16, kernel: 5, stride: 1 }));
  const units = [stem, block('layer1', 16, 16, 3, 2), block('layer2', 16, 64, 15, 8)];
  return unitEncoder({ units, channels: 64, scaling: imagenetScaling, input: 'images' });
}

/** Trains an encoder with a classifier of its features on fresh clips; returns how it then classifies. */
function train(encoder: Encoder, parameters: Parameters, what: 'eighths' | 'motion', steps: number, name: string) {
  const classes = what === 'eighths' ? 8 : 2;
  const classifier = new Classifier(encoder.channels, classes, 0.01);
  const weights = new Parameters(classifier.parameters, randomStream(5, 'classifier', name));
  const options = { optimizer: 'adam', lrFactors: {}, ema: 0, weightDecay: 1e-4, classifierLr: 1 } as const;
  const planned = (of: Parameters) => ({ parameters: of, rules: tsmRules(of.specs, options) });
  const parts = trainedParts(
    'pretrain',
    options,
    { encoder: planned(parameters), classifier: planned(weights) },
    optimizerOf(options),
  );
  // A frame alone is a snippet of one frame.
  const each = what === 'eighths' ? 1 : frames;
  const asTensor = (clips: readonly Clip[]) => {
    const snippets = (clips.length * frames) / each;
    return tf.tensor(concatenated(clips.map(({ pixels }) => pixels)), [snippets, 1, each, side, side, 3]);
  };
  const labelsOf = (clips: readonly Clip[]) =>
    clips.flatMap(({ eighths, label }) => (what === 'eighths' ? eighths : [label]));
  const logits = (features: tf.Tensor) =>
    classifier.logits(tf.reshape(features, [-1, encoder.channels]), { parameters: weights, normalization: 'running' });
  const pass: Pass = { parameters, normalization: 'batch', onStatistics: parts.encoder.statistics.collect };
  for (let step = 0; step < steps; step++) {
    const clips = clipsOf(32, name, step);
    update(
      parts,
      undivided([labelsOf(clips).length]),
      5,
      { step, lr: step < 0.75 * steps ? 3e-3 : 6e-4 },
      {
        through: 'encoder',
        record: () => encoder.record(asTensor(clips), pass),
        loss: (_micro, features) => meanLoss(crossEntropies(logits(features), labelsOf(clips))),
      },
    );
  }
  disposeParts(parts);
  return (clips: readonly Clip[]) => {
    const x = asTensor(clips);
    const found = tf.tidy(() => tf.argMax(logits(encoder.encode(x, { parameters, normalization: 'running' })), 1));
    const right = labelsOf(clips).filter((label, i) => found.dataSync()[i] === label).length;
    tf.dispose([x, found]);
    return right / labelsOf(clips).length;
  };
}

test('rank pooling tells motions from their reverse, which the mean cannot', (t) => {
  if (engine !== 'tensorflow') {
    t.skip('it would take minutes without native TensorFlow');
    return;
  }
  const network = frameNetwork();
  using start = new Parameters(network.parameters, randomStream(5, 'encoder'));
  const validation = clipsOf(200, 'validation');
  assert.ok(train(network, start, 'eighths', 120, 'eighths')(validation) > 0.8, 'the network has not learnt its task');
  const accuracy = (type: 'mean' | 'rank') => {
    const options = aggregatorSchema.parse({ type, ...(type === 'rank' && { nonlinearity: 'none' }) });
    const encoder = type === 'mean' ? network : aggregated(network, buildAggregator(options, network.channels));
    using parameters = new Parameters(encoder.parameters, randomStream(5, 'encoder'));
    for (const { name } of encoder.parameters) parameters.assign(name, tf.clone(start.get(name)));
    return train(encoder, parameters, 'motion', 100, 'motion')(validation);
  };
  const [mean, rank] = [accuracy('mean'), accuracy('rank')];
  assert.ok(mean <= 0.6, `the mean: ${mean}`);
  assert.ok(rank >= 0.9, `rank pooling: ${rank}`);
});
