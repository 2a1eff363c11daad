import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../../src/checkpoints/feature-store.js';
import { configSchema } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { aggregatorTypes, type AggregatorType } from '../../../src/config/aggregator-facts.js';
import { mostRows } from '../../../src/models/aggregators/codebooks/draw-rows.js';
import type { Parameters } from '../../../src/models/parameters.js';
import { fitSegments } from '../../../src/stages/segments/fit-segments.js';
import type { LabelledFeatures } from '../../../src/stages/segments/segment-layers.js';
import { vectorLayers, type VectorLayers } from '../../../src/stages/segments/vector-layers.js';
import {
  freshSegmentClassifier,
  ownLabels,
  rescored,
  type SegmentClassifier,
} from '../../../src/stages/segments/segment-classifier.js';
import { spanBins, type SegmentSpan } from '../../../src/stages/segments/segment-spans.js';
import { assertClose, seededArray } from '../../support/numeric.js';

await startEngine();

const channels = 3;
const aggregators = aggregatorTypes.filter((type) => type !== 'mean');

/** Keys that make an aggregator small. */
const keysOf = (type: AggregatorType) =>
  ['softbow', 'bow', 'vlad', 'fisher'].includes(type) ? { type, words: 4 } : { type };

interface VectorClassifier extends SegmentClassifier {
  layers: VectorLayers;
}

function classifierOf(aggregator: object | null, classes = ['a', 'b', 'c'], wide = channels): VectorClassifier {
  const config = configSchema.parse({ segments: { aggregator } });
  return {
    ...freshSegmentClassifier(config, wide, classes),
    layers: vectorLayers(config.segments.aggregator, wide, classes.length),
  };
}

const video = (name: string, snippets = 20): Features => ({
  data: seededArray(snippets * channels, name, -1, 5),
  shape: [snippets, channels],
});
const training: readonly LabelledFeatures[] = [
  { features: video('one'), spans: [[0.1, 0.5], [0.4, 0.9]] }, // prettier-ignore
  { features: video('two', 11), spans: [[0, 1]] },
  { features: video('three'), spans: [] },
];

function fit({ layers, parameters }: VectorClassifier, seen = training, seed = 3) {
  fitSegments(layers, parameters, seen, randomStream(seed, 'codebook'));
}
const valuesOf = (parameters: Parameters, name: string) => [...parameters.get(name).dataSync<'float32'>()];
const allOf = ({ parameters }: SegmentClassifier) =>
  Object.fromEntries(parameters.specs.map(({ name }) => [name, valuesOf(parameters, name)]));
const shapesOf = ({ parameters }: SegmentClassifier) =>
  parameters.specs.map(({ name, shape, trainable }) => `${name} [${shape.join()}]${trainable ? ' trained' : ''}`);

/** Mean and deviation of the columns of rows, and what is added to deviations. */
function moments(rows: readonly number[], columns: number) {
  const count = rows.length / columns;
  const of = (c: number) => rows.filter((_, i) => i % columns === c);
  const mean = Array.from({ length: columns }, (_, c) => of(c).reduce((sum, x) => sum + x / count, 0));
  const deviation = mean.map((m, c) => Math.sqrt(of(c).reduce((sum, x) => sum + (x - m) ** 2 / count, 0)) + 1e-3);
  return { mean, deviation };
}

test('without an aggregator, or with the mean, it is the classifier that it always was', () => {
  const expected = ['mean [3]', 'deviation [3]', 'fc.weight [3,3] trained', 'fc.bias [3] trained'];
  const [plain, mean] = [classifierOf(null), classifierOf({ type: 'mean' })];
  for (const one of [plain, mean]) {
    assert.deepEqual(shapesOf(one).sort(), [...expected].sort());
    assert.deepEqual([one.layers.rows, one.layers.aggregator], [1, null]);
    fit(one);
  }
  assert.deepEqual(allOf(mean), allOf(plain));
  const all = training.flatMap(({ features }) => [...features.data]);
  const { mean: wanted, deviation } = moments(all, channels);
  assertClose(valuesOf(plain.parameters, 'mean'), wanted, 1e-6);
  assertClose(valuesOf(plain.parameters, 'deviation'), deviation, 1e-5);
  for (const { parameters } of [plain, mean]) parameters.dispose();
});

for (const type of aggregators) {
  test(`${type}: snippets and what is made of instances are standardised; the same seed gives the same bits`, () => {
    const before = tf.memory().numTensors;
    const [one, same, other] = [classifierOf(keysOf(type)), classifierOf(keysOf(type)), classifierOf(keysOf(type))];
    const held = tf.memory().numTensors;
    fit(one);
    fit(same);
    fit(other, training, 4);
    assert.equal(tf.memory().numTensors, held);
    const values = allOf(one);
    assert.deepEqual(allOf(same), values);
    const all = training.flatMap(({ features }) => [...features.data]);
    const snippets = moments(all, channels);
    assertClose(values['snippets.mean']!, snippets.mean, 1e-6);
    assertClose(values['snippets.deviation']!, snippets.deviation, 1e-5);
    const { aggregator, rows: bins } = one.layers;
    const codebook = aggregator!.parameters.filter(({ init }) => init.type === 'normal').map(({ name }) => name);
    const changed = codebook.some((name) => JSON.stringify(allOf(other)[name]) !== JSON.stringify(values[name]));
    assert.equal(changed, codebook.length > 0);
    const fresh = classifierOf(keysOf(type));
    for (const name of codebook) assert.notDeepEqual(valuesOf(fresh.parameters, name), values[name]);

    // What the layers compute of the instances has the mean and the deviation that were measured.
    const stored = Object.fromEntries(
      aggregator!.parameters.map(({ name }) => [name, Float64Array.from(values[name]!)]),
    );
    const made = training.flatMap(({ features, spans }) =>
      spans.flatMap((span) => {
        const data = Float64Array.from(spanBins(features, span, bins), (x, i) => {
          const c = i % channels;
          return (x - values['snippets.mean']![c]!) / values['snippets.deviation']![c]!;
        });
        return [...aggregator!.aggregate({ data, count: bins, channels }, stored).value];
      }),
    );
    const { mean, deviation } = moments(made, aggregator!.channels);
    assertClose(values['mean']!, mean, 1e-4);
    // The least deviation is that of 1e-8.
    assertClose(values['deviation']!, deviation.map((d) => Math.max(d, 1e-3 + 1e-4)), 1e-3); // prettier-ignore
    for (const { parameters } of [one, same, other, fresh]) parameters.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  test(`${type}: nothing becomes NaN of one instance, equal rows, zeros, or no instance`, () => {
    const still = (value: number, snippets = 5): Features => ({
      data: new Float32Array(snippets * channels).fill(value),
      shape: [snippets, channels],
    });
    const cases: Record<string, readonly LabelledFeatures[]> = {
      'one instance': [{ features: video('one'), spans: [[0.2, 0.8]] }],
      'one snippet': [{ features: video('one', 1), spans: [[0, 1]] }],
      zeros: [{ features: still(0), spans: [[0, 1], [0.2, 0.3]] }], // prettier-ignore
      'equal rows': [{ features: still(3), spans: [[0, 1]] }],
      'a span of nothing': [{ features: video('one'), spans: [[0.5, 0.5]] }],
      'no instance': [{ features: video('one'), spans: [] }],
    };
    for (const [what, seen] of Object.entries(cases)) {
      const classifier = classifierOf(keysOf(type));
      fit(classifier, seen);
      for (const [name, values] of Object.entries(allOf(classifier)))
        assert.ok(values.every(Number.isFinite), `${what}: ${name}`);
      const spans: readonly SegmentSpan[] = [[0, 1], [0.4, 0.4], [-1, 2], [0.1, 0.15]]; // prettier-ignore
      for (const features of [video('other'), still(0), still(7), video('short', 1)]) {
        const parts = spans.map((span) => spanBins(features, span, classifier.layers.rows));
        const { loss, gradients } = gradientsOf(classifier, parts);
        assert.ok(Number.isFinite(loss), `${what}: loss`);
        for (const [name, values] of gradients)
          assert.ok(values.every(Number.isFinite), `${what}: gradient of ${name}`);
      }
      classifier.parameters.dispose();
    }
  });
}

/** A loss of parts on the tape, and the gradients of parts and trained parameters. */
function gradientsOf({ layers, parameters }: VectorClassifier, parts: readonly Float32Array[]) {
  const names = parameters.trainable();
  return tf.tidy(() => {
    const x = tf.tensor3d(Float32Array.from(parts.flatMap((part) => [...part])), [parts.length, layers.rows, channels]);
    const logits = (seen: tf.Tensor) => layers.logits(seen as tf.Tensor3D, { parameters, normalization: 'running' });
    const loss = (seen: tf.Tensor) => tf.neg(tf.mean(tf.slice(tf.logSoftmax(logits(seen)), [0, 0], [-1, 1])));
    const { value, grads } = tf.variableGrads(
      () => loss(x) as tf.Scalar,
      names.map((name) => parameters.variable(name)),
    );
    const dx = tf.grad(loss)(x);
    const all = [...Object.entries(grads), ['parts', dx] as const];
    return {
      loss: value.dataSync()[0]!,
      gradients: all.map(([name, gradient]) => [name, [...gradient.dataSync<'float32'>()]] as const),
    };
  });
}

test('with more parts of instances than a codebook is fitted to, those are drawn by the seed', () => {
  const many = Array.from({ length: Math.ceil(mostRows / 16) + 60 }, (_, i): LabelledFeatures => ({
    features: video(`many ${i}`, 16),
    spans: [[0, 1]],
  }));
  const of = (seed: number) => {
    const classifier = classifierOf({ type: 'bow', words: 3 });
    fit(classifier, many, seed);
    const values = allOf(classifier);
    classifier.parameters.dispose();
    return values;
  };
  const [one, same, other] = [of(1), of(1), of(2)];
  assert.deepEqual(same, one);
  assert.notDeepEqual(other['aggregator.codebook'], one['aggregator.codebook']);
});

/** A classifier whose likelihoods are the same for every segment: 1/2, 1/3, 1/6. */
function constant(aggregator: object | null): SegmentClassifier {
  const classifier = classifierOf(aggregator);
  const { parameters } = classifier;
  parameters.assign('fc.weight', tf.zeros(parameters.get('fc.weight').shape));
  parameters.assign('fc.bias', tf.tensor1d([3, 2, 1].map(Math.log)));
  return classifier;
}

test('rescored: scores times likelihoods, by hand, the best first; ownLabels: the likeliest labels', () => {
  const proposals = [
    { start: 0, end: 0.5, score: 0.9, label: 'c' },
    { start: 0.1, end: 0.4, score: 0.6, label: 'a' },
    { start: 0.2, end: 0.9, score: 0.6, label: 'b' },
  ];
  for (const aggregator of [null, { type: 'rank' }, { type: 'bow', words: 4 }]) {
    const classifier = constant(aggregator);
    const before = tf.memory().numTensors;
    const found = rescored(classifier, video('one'), proposals);
    assert.deepEqual(
      found.map(({ label, start, end }) => [label, start, end]),
      [['a', 0.1, 0.4], ['b', 0.2, 0.9], ['c', 0, 0.5]], // prettier-ignore
    );
    assertClose(found.map(({ score }) => score), [0.3, 0.2, 0.15], 1e-6); // prettier-ignore
    const own = ownLabels(classifier, video('one'), [{ start: 0, end: 0.5, score: 0.6 }], 2);
    assert.deepEqual(own.map(({ label }) => label), ['a', 'b']); // prettier-ignore
    assertClose(own.map(({ score }) => score), [0.3, 0.2], 1e-6); // prettier-ignore
    assert.deepEqual([rescored(classifier, video('one'), []), ownLabels(classifier, video('one'), [], 2)], [[], []]);
    assert.equal(tf.memory().numTensors, before);
    classifier.parameters.dispose();
  }
});

test('many proposals, which do not go through a long aggregator at once, are scored as each alone', () => {
  const wide = 256;
  // 2·64·256 numbers of a proposal.
  const classifier = classifierOf({ type: 'fisher', words: 64 }, ['a', 'b'], wide);
  const features: Features = { data: seededArray(20 * wide, 'wide'), shape: [20, wide] };
  fit(classifier, [{ features, spans: [[0, 1]] }]);
  const random = randomStream(6);
  const proposals = Array.from({ length: 140 }, () => {
    const start = random.between(0, 0.8);
    return { start, end: start + random.between(0.05, 0.2), score: random.uniform(), label: 'b' };
  });
  const found = rescored(classifier, features, proposals);
  assert.equal(found.length, 140);
  for (const { score, ...span } of [found[0]!, found[127]!, found[139]!]) {
    const own = proposals.find(({ start }) => start === span.start)!;
    assertClose([score], [rescored(classifier, features, [own])[0]!.score], 1e-5);
  }
  assert.ok(new Set(found.map(({ score }, i) => score / proposals[i]!.score)).size > 100);
  classifier.parameters.dispose();
});
