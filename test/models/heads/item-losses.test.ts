import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configSchema } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { buildHead } from '../../../src/models/heads/head-catalogue.js';
import { Parameters } from '../../../src/models/parameters.js';
import { disposeGradients, lossAndGradients } from '../../../src/train/gradients.js';
import { assertClose, seeded } from '../../support/numeric.js';

await startEngine();

const [batch, snippets, channels] = [3, 16, 8];
const instances = [
  [{ start: 0.1, end: 0.5, label: 0 }],
  [],
  [
    { start: 0.2, end: 0.4, label: 1 },
    { start: 0.5, end: 0.9, label: 0 },
  ],
];

for (const model of [
  { type: 'pyramid', width: 8, heads: 2, levels: 3 },
  { type: 'gtad', h1: 16, h2: 8, h3: 16, groups: 4, width: 16, inner: 4, context: 2 },
]) {
  describe(`losses of single items, ${model.type}`, () => {
    const config = configSchema.parse({ model });
    const head = buildHead(config.model, channels, 2);
    const parameters = new Parameters(head.parameters, randomStream(3, 'head'));
    const features = seeded<tf.Rank.R3>([batch, snippets, channels], 'features');
    const targets = instances.map((some) => head.targets(some, snippets, snippets));
    const valid = instances.map(() => snippets);
    const pass = { parameters, normalization: 'running' as const };
    const compute = (weights?: number[]) =>
      lossAndGradients(
        () => head.loss({ features, valid }, targets, pass, randomStream(1, 'draws')),
        new Map([['head', parameters]]),
        { perItem: true, weights },
      );

    /** All gradients in one vector: some are 0 but for rounding, and have no scale of their own. */
    const numbersOf = ({ gradients }: ReturnType<typeof compute>) =>
      [...gradients.get('head')!.values()].flatMap((gradient) => [...gradient.dataSync<'float32'>()]);

    it('have the total as their mean, and its gradient as the mean of theirs', () => {
      const [total, ones] = [compute(), compute([1, 1, 1])];
      assertClose([total.items!.reduce((sum, item) => sum + item, 0) / batch], [total.total], 1e-5);
      assertClose([ones.weighted], [total.total], 1e-5);
      assertClose(numbersOf(ones), numbersOf(total), 1e-5);
      for (const { gradients } of [total, ones]) disposeGradients(gradients);
    });

    it('add up by their weights, in loss and gradient', () => {
      const weights = [0.5, 2, 1.5];
      const weighted = compute(weights);
      const alone = weights.map((_, item) => compute(weights.map((_, i) => (i === item ? 1 : 0))));
      assertClose(
        [weighted.weighted],
        [weighted.items!.reduce((sum, loss, i) => sum + (weights[i]! * loss) / batch, 0)],
        1e-5,
      );
      const each = alone.map(numbersOf);
      const sum = each[0]!.map((_, n) => weights.reduce((total, weight, i) => total + weight * each[i]![n]!, 0));
      assertClose(numbersOf(weighted), sum, 1e-5);
      for (const { gradients } of [weighted, ...alone]) disposeGradients(gradients);
      assert.equal(weighted.items!.length, batch);
    });
  });
}
