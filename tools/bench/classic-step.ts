/**
 * Times a step of AlexNet's encoder, forward and backward, by its units and on the tape:
 *
 *   npx tsx tools/bench/classic-step.ts [--preset mini] [--size 48] [--frames 64] [--repeats 7]
 *
 * Prints the median milliseconds of either, and the largest difference of a gradient, relative to its largest value.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { encoderSchema } from '../../src/config/sections/encoder-section.js';
import { startEngine } from '../../src/engine/backend.js';
import { conv2d } from '../../src/engine/ops/convolution/conv2d.js';
import { relu } from '../../src/engine/ops/activation.js';
import { adaptivePool } from '../../src/engine/ops/adaptive-pool.js';
import { dense } from '../../src/engine/ops/dense.js';
import { lrn } from '../../src/engine/ops/normalization/lrn.js';
import { randomStream } from '../../src/engine/random.js';
import { alexnetBlocks } from '../../src/models/encoders/alexnet.js';
import { buildEncoder } from '../../src/models/encoders/encoder-catalogue.js';
import { imagenetScaling } from '../../src/models/encoders/encoder.js';
import { Parameters } from '../../src/models/parameters.js';
import { blockGeometry } from '../../src/models/units/conv-block.js';
import { printJson } from '../../src/system/say.js';
import { runTool } from '../run-tool.js';

await runTool(async () => {
  const { values } = parseArgs({
    options: {
      preset: { type: 'string', default: 'mini' },
      size: { type: 'string', default: '48' },
      frames: { type: 'string', default: '64' },
      repeats: { type: 'string', default: '7' },
    },
  });
  const [size, frames, repeats] = [Number(values.size), Number(values.frames), Number(values.repeats)];
  await startEngine();
  const keys = encoderSchema.parse({ type: 'alexnet', alexnet: { preset: values.preset, groups: 1 } });
  const encoder = buildEncoder(keys);
  const parameters = new Parameters(encoder.parameters, randomStream(1));
  const names = parameters.trainable();
  const x = tf.randomUniform([1, 1, frames, size, size, 3], 0, 255, 'float32', 1);
  const dFeatures = tf.ones<tf.Rank.R3>([1, 1, encoder.channels]);

  const byUnits = () => {
    const record = encoder.record(tf.clone(x), { parameters, normalization: 'running' });
    const gradients = record.backward(dFeatures);
    record.dispose();
    return names.map((name) => gradients.get(name)!);
  };
  const onTape = () => {
    const { scaling, blocks, grid } = { ...presetOf(), blocks: alexnetBlocks(keys.alexnet!) };
    return tf.tidy(() =>
      tf.grads((...variables: tf.Tensor[]) => {
        const of = (name: string) => variables[names.indexOf(name)]!;
        let y = tf.div<tf.Tensor4D>(tf.sub(tf.reshape(x, [frames, size, size, 3]), scaling.mean), scaling.deviation);
        for (const [i, block] of blocks.entries()) {
          const { convolution, pool } = blockGeometry(block, [y.shape[1], y.shape[2]]);
          const filter = of(`${block.name}.weight`) as tf.Tensor4D;
          const convolved = conv2d(y, filter, { ...convolution, inputGradient: i > 0 });
          y = relu(tf.add<tf.Tensor4D>(convolved, of(`${block.name}.bias`)));
          if (block.lrn) y = lrn(y, block.lrn);
          if (pool) y = tf.maxPool(y, [...pool.size], pool.stride, 'valid');
        }
        const flat = tf.reshape<tf.Rank.R2>(adaptivePool(y, grid), [frames, -1]);
        return ['classifier.1', 'classifier.4'].reduce((input, name) => {
          const weight = tf.reshape<tf.Rank.R2>(of(`${name}.weight`), [input.shape[1], -1]);
          return dense(input, weight, of(`${name}.bias`) as tf.Tensor1D, 'relu');
        }, flat);
      })(
        names.map((name) => parameters.variable(name)),
        tf.fill([frames, encoder.channels], 1 / frames),
      ),
    );
  };
  /** The scaling and the grid of the preset. */
  function presetOf() {
    const grid = parameters.get('classifier.1.weight').shape[0];
    const deviation = values.preset === 'full' ? [1, 1, 1] : imagenetScaling.deviation;
    return { scaling: { mean: [...imagenetScaling.mean], deviation: [...deviation] }, grid };
  }

  const difference = tf.tidy(() => {
    const [a, b] = [byUnits(), onTape()];
    return Math.max(
      ...a.map((ours, i) => {
        const apart = tf.max(tf.abs(tf.sub(ours, b[i]!))).dataSync()[0]!;
        return apart / tf.max(tf.abs(b[i]!)).dataSync()[0]!;
      }),
    );
  });
  // In turns, because other work on the machine comes and goes.
  const times = Array.from({ length: repeats }, () => ({ units: timed(byUnits), tape: timed(onTape) }));
  const [units, tape] = [median(times.map((time) => time.units)), median(times.map((time) => time.tape))];
  printJson({ ...values, units_ms: units, tape_ms: tape, difference });
});

/** Milliseconds of a step. */
function timed(step: () => tf.Tensor[]): number {
  const start = performance.now();
  const gradients = step();
  gradients[0]!.dataSync();
  const time = performance.now() - start;
  tf.dispose(gradients);
  return time;
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round(10 * sorted[Math.floor(sorted.length / 2)]!) / 10;
}
