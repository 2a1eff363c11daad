import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../../src/engine/kernels/native-tensor.js';
import { randomStream } from '../../../../src/engine/random.js';
import { GtadHead, type GtadOptions } from '../../../../src/models/heads/gtad/gtad.js';
import { labels } from '../../../../src/models/heads/gtad/labels.js';
import { gtadLoss } from '../../../../src/models/heads/gtad/gtad-loss.js';
import { lossWeights, type LossWeights } from '../../../../src/models/heads/gtad/loss-weights.js';
import { toTorchLayout } from '../../../../src/models/weights/torch-layout.js';
import type { Pass } from '../../../../src/models/layers/layer.js';
import { Parameters } from '../../../../src/models/parameters.js';
import { exportState } from '../../../../src/models/state.js';
import { naiveGtad } from '../../../support/naive-gtad.js';
import { assertClose, assertLeavesNothing, seeded, seededArray } from '../../../support/numeric.js';

await startEngine();

const small = { features: 12, h1: 8, h2: 6, h3: 10, groups: 2, width: 4, k: 3, inner: 5, context: 2 };
/** Step of the central differences. */
const step = 1e-5;

/**
 * Both published variants (docs/method.md §7.1) in small: in THUMOS14's, layers look at neighbouring
 * anchors, and anchors are short.
 */
const variants: Record<string, GtadOptions> = {
  ActivityNet: small,
  THUMOS14: { ...small, inner: 4, context: 4, kernel: 3, maxDuration: 5 },
};

/** The loss of docs/method.md §7.6 for one video, in doubles. */
function naiveLoss({ map, start, end }: ReturnType<typeof naiveGtad>, weights: LossWeights): number {
  const entropy = (p: number[], { positive, negative }: LossWeights['start']) =>
    p.reduce((sum, p, i) => sum - positive[i]! * Math.log(p + 1e-6) - negative[i]! * Math.log(1 - p + 1e-6), 0);
  const regression = map.reduce((sum, [p], i) => sum + weights.regression[i]! * (p! - weights.overlap[i]!) ** 2, 0);
  const classified = map.map(([, p]) => p!);
  return (
    entropy(start, weights.start) +
    entropy(end, weights.end) +
    10 * regression +
    entropy(classified, weights.classification)
  );
}

for (const [name, options] of Object.entries(variants)) {
  describe(`G-TAD as on ${name}`, () => {
    const head = new GtadHead(options);
    const parameters = new Parameters(head.parameters, randomStream(11, 'gtad'));
    const pass: Pass = { parameters, normalization: 'running' };
    after(() => {
      head[Symbol.dispose]();
      parameters.dispose();
    });
    const apply = (features: tf.Tensor3D) => tf.tidy(() => ({ ...head.apply(features, pass) }));

    for (const snippets of [3, 7, 12]) {
      it(`gives for ${snippets} snippets what aligning before projecting does, cell by cell`, () => {
        const x = seeded<tf.Rank.R3>([2, snippets, 12], 'features', -3, 3);
        const rows = tf.tidy(() => x.arraySync());
        const { map, start, end } = apply(x);
        assert.deepEqual(map.shape, [2, head.anchors(snippets).length, 2]);
        assert.deepEqual(start.shape, [2, snippets]);
        const expected = rows.map((video) => naiveGtad(video, exportState(parameters), options));
        for (const [part, tensor] of Object.entries({ map, start, end })) {
          const reference = expected.flatMap((video) => video[part as 'map' | 'start' | 'end'].flat());
          assertClose(tensor.dataSync(), reference, 2e-6, part);
        }
        // The comparison is meaningful: outputs differ from anchor to anchor.
        const values = map.dataSync();
        assert.ok(Math.max(...values) - Math.min(...values) > 1e-3);
      });
    }

    it('serves every length of the schedule with one set of parameters, and all of them learn at each', () => {
      for (const snippets of [25, 50, 100]) {
        const x = seeded<tf.Rank.R3>([1, snippets, 12], 'features', -3, 3);
        const { grads, value } = tf.variableGrads(
          () => {
            const { map, start, end } = head.apply(x, pass);
            return tf.addN([map, start, end].map((output) => tf.sum<tf.Scalar>(tf.square(output))));
          },
          parameters.trainable().map((name) => parameters.variable(name)),
        );
        for (const name of parameters.trainable()) {
          const gradient = grads[parameters.variable(name).name]!.dataSync();
          assert.ok(
            gradient.some((g) => g !== 0),
            `${name} at ${snippets} snippets`,
          );
        }
        tf.dispose([value, ...Object.values(grads), x]);
      }
    });

    it('keeps the videos of a batch apart', () => {
      const x = seeded<tf.Rank.R3>([3, 6, 12], 'features', -3, 3);
      const all = apply(x);
      const [, middle] = tf.split(x, 3) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
      const alone = apply(middle);
      assertClose(alone.map.dataSync(), tf.slice(all.map, [1, 0, 0], [1, -1, -1]).dataSync(), 1e-6);
      assertClose(alone.start.dataSync(), tf.slice(all.start, [1, 0], [1, -1]).dataSync(), 1e-6);
    });

    it('makes the constants of a length once, and frees them with the head', () => {
      const alive = () => tf.memory().numTensors + nativeTensorCount();
      const before = alive();
      const own = new GtadHead(options);
      const x = seeded<tf.Rank.R3>([1, 5, 12], 'features');
      const outputs = () => tf.tidy(() => Object.values(own.apply(x, pass)) as tf.Tensor[]);
      tf.dispose(outputs());
      const kept = alive();
      assert.ok(kept > before + 1);
      assertLeavesNothing(outputs);
      assert.equal(alive(), kept);
      assert.equal(own.anchors(5), own.anchors(5));
      own[Symbol.dispose]();
      x.dispose();
      assert.equal(alive(), before);
    });

    it('has the gradients of the loss that central differences of the reference in doubles give', () => {
      const snippets = 6;
      const x = seeded<tf.Rank.R3>([1, snippets, 12], 'features', -3, 3);
      const weights = lossWeights([labels([[0.14, 0.58]], snippets, head.anchors(snippets))], () => 0.5);
      const variables = parameters.trainable().map((name) => parameters.variable(name));
      const { grads } = tf.variableGrads(() => gtadLoss(head.apply(x, pass), weights).total, variables);
      const byInput = tf.grad((x) => gtadLoss(head.apply(x as tf.Tensor3D, pass), weights).total)(x);

      const state = new Map(
        [...exportState(parameters)].map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]),
      );
      const input = Float64Array.from(x.dataSync());
      state.set('x', { shape: [snippets, 12], data: input });
      const rows = () => Array.from({ length: snippets }, (_, t) => [...input.subarray(12 * t, 12 * (t + 1))]);
      const loss = () => naiveLoss(naiveGtad(rows(), state, options), weights);
      const gradients = new Map(
        parameters.specs.map(({ name, kind }) => {
          const tensor = grads[parameters.variable(name).name]!;
          return [name, toTorchLayout(kind, { shape: tensor.shape, data: tensor.dataSync<'float32'>() }).data];
        }),
      );
      gradients.set('x', byInput.dataSync<'float32'>());
      for (const [name, gradient] of gradients) {
        const { data } = state.get(name)!;
        const direction = seededArray(data.length, name);
        const move = (by: number) => {
          direction.forEach((value, i) => (data[i]! += by * value));
        };
        move(step);
        const above = loss();
        move(-2 * step);
        const below = loss();
        move(step);
        const slope = (above - below) / (2 * step);
        const ours = gradient.reduce((sum, value, i) => sum + value * direction[i]!, 0);
        const scale = Math.hypot(...gradient) * Math.hypot(...direction);
        assert.ok(scale > 0 && Math.abs(ours - slope) < 1e-4 * scale, `${name}: ${ours}, not ${slope}`);
      }
    });
  });
}
