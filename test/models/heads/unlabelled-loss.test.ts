import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { configSchema } from '../../../src/config/schema.js';
import { buildHead } from '../../../src/models/heads/head-catalogue.js';
import { labels } from '../../../src/models/heads/gtad/labels.js';
import { balanced, lossWeights } from '../../../src/models/heads/gtad/loss-weights.js';
import { anchors } from '../../../src/models/heads/gtad/anchors.js';
import { Parameters } from '../../../src/models/parameters.js';
import type { HeadInstance } from '../../../src/models/heads/head.js';
import { unlabelledSnippets } from '../../../src/models/heads/unlabelled-snippets.js';
import { windowSpans } from '../../../src/models/heads/windows.js';

await startEngine();

test('a snippet is unlabelled where a stretch touches it by more than rounding', () => {
  const touched = (...spans: [number, number][]) => [...(unlabelledSnippets(spans, 8) ?? [])].join('');
  assert.equal(touched([0.25, 0.5]), '00110000');
  assert.equal(touched([0.26, 0.49]), '00110000');
  assert.equal(touched([0.2499999, 0.5000001]), '00110000');
  assert.equal(touched([0.9, 3], [-1, 0.01]), '10000001');
  assert.equal(unlabelledSnippets([[0.5, 0.5]], 8), null);
});

test('windows see the part of a stretch that lies in them', () => {
  assert.deepEqual(windowSpans([[0.25, 0.75]], { start: 4, snippets: 4 }, 8), [[0, 0.5]]);
  assert.deepEqual(windowSpans([[0, 0.5]], { start: 4, snippets: 4 }, 8), []);
});

test('G-TAD: nodes in a stretch and anchors that touch it are left out, and the rest is balanced among itself', () => {
  const list = anchors(4, 4);
  const found = labels([[0, 0.25]], 4, list, [[0.5, 0.75]]);
  assert.deepEqual([...found.unlabelled!.nodes], [0, 0, 1, 0]);
  list.forEach(({ start, duration }, a) => {
    assert.equal(found.unlabelled!.anchors[a], start <= 2 && start + duration >= 2 ? 1 : 0);
  });
  const { positive, negative } = balanced(Float32Array.of(1, 0, 0, 1), 0.5, Float32Array.of(0, 0, 0, 1));
  assert.deepEqual([...positive], [0.5, 0, 0, 0]);
  assert.deepEqual([...negative], [0, 0.25, 0.25, 0]);
  const weights = lossWeights([found, labels([[0, 0.25]], 4, list)], () => 0);
  list.forEach((_, a) => {
    const of = (i: number) =>
      weights.regression[i]! + weights.classification.positive[i]! + weights.classification.negative[i]!;
    if (found.unlabelled!.anchors[a]) assert.equal(of(a), 0);
    assert.ok(of(list.length + a) > 0);
  });
});

for (const type of ['gtad', 'pyramid'] as const) {
  test(`${type}: what a head says of an unlabelled stretch does not change its loss, elsewhere it does`, () => {
    const model = configSchema.parse({ model: { type } }).model;
    using head = buildHead(model, 8, 2);
    using parameters = new Parameters(head.parameters, randomStream(1, 'head'));
    const instances: HeadInstance[] = [{ start: 0.1, end: 0.3, label: 1 }];
    const hidden: HeadInstance = { start: 0.62, end: 0.86, label: 0 };
    const stretch = [[0.59, 0.9]] as const;
    const random = randomStream(2, 'features');
    const features = tf.tensor3d(
      Float32Array.from({ length: 32 * 8 }, () => random.uniform()),
      [1, 32, 8],
    );
    const loss = (list: readonly HeadInstance[], spans: readonly (readonly [number, number])[]) =>
      tf.tidy(() => {
        const targets = head.targets(list, 32, 32, spans);
        const pass = { parameters, normalization: 'running' as const };
        return head.loss({ features, valid: [32] }, [targets], pass, randomStream(3, 'draws')).total.dataSync()[0]!;
      });
    // Whether an action in the stretch is annotated or not is all one.
    assert.equal(loss([...instances, hidden], stretch), loss(instances, stretch));
    assert.notEqual(loss([...instances, hidden], []), loss(instances, []));
    assert.notEqual(loss(instances, stretch), loss(instances, []));
    assert.equal(loss(instances, []), loss(instances, [[0.5, 0.5]]));
    // Nothing labelled, nothing learnt.
    assert.equal(Math.abs(loss(instances, [[0, 1]])), 0);
    features.dispose();
  });
}
