import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { aggregatorFacts, aggregatorTypes, type AggregatorType } from '../../../src/config/aggregator-facts.js';
import { aggregatorSchema } from '../../../src/config/sections/aggregator-section.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { aggregate, recordAggregate } from '../../../src/models/aggregators/aggregate.js';
import { buildAggregator } from '../../../src/models/aggregators/aggregator-catalogue.js';
import type { Aggregator } from '../../../src/models/aggregators/aggregator.js';
import { Parameters } from '../../../src/models/parameters.js';
import { assertClose, seeded, seededArray } from '../../support/numeric.js';

await startEngine();

const [batch, steps, channels] = [3, 6, 4];
const valid = [4, 6, 1];
const withWords: readonly AggregatorType[] = ['softbow', 'bow', 'vlad', 'fisher'];
const built = aggregatorTypes.flatMap((type) => {
  const keys = withWords.includes(type) ? { type, words: 3 } : { type };
  const more = type === 'mean' ? [] : [{ ...keys, withMean: true }];
  const shapes = type === 'softbow' ? [{ ...keys, shapes: true }] : [];
  return [keys, ...more, ...shapes].map((options) => ({
    what: JSON.stringify(options),
    type,
    aggregator: buildAggregator(aggregatorSchema.parse(options), channels),
  }));
});
const parametersOf = ({ parameters }: Aggregator) => new Parameters(parameters, randomStream(7, 'parameters'));
const trainedOf = ({ parameters }: Aggregator) => parameters.filter((spec) => spec.trainable).map(({ name }) => name);

/** Sequences whose padding is `filler`. */
function padded(filler: number): tf.Tensor3D {
  const data = seededArray(batch * steps * channels, 'sequences');
  valid.forEach((count, item) => data.fill(filler, (item * steps + count) * channels, (item + 1) * steps * channels));
  return tf.tensor3d(data, [batch, steps, channels]);
}

/** The value, and the gradients of the sequences and of the trained parameters, by the tape. */
function onTape(aggregator: Aggregator, x: tf.Tensor3D, counts: readonly number[]) {
  using parameters = parametersOf(aggregator);
  const trained = trainedOf(aggregator);
  return tf.tidy(() => {
    const whole = seeded<tf.Rank.R2>([batch, aggregator.channels], 'projection');
    const projection = tf.slice(whole, [0, 0], [x.shape[0], -1]);
    const value = aggregate(aggregator, { x, valid: counts }, parameters).dataSync<'float32'>();
    const loss = (...inputs: tf.Tensor[]) => {
      const y = aggregate(aggregator, { x: inputs[0] as tf.Tensor3D, valid: counts }, parameters);
      return tf.sum<tf.Scalar>(tf.mul(y, projection));
    };
    const [dx] = tf.grads(loss)([x]);
    const variables = trained.map((name) => parameters.variable(name));
    const grads = variables.length > 0 ? tf.variableGrads(() => loss(x), variables).grads : {};
    const gradients = variables.map(({ name }) => grads[name]!);
    return {
      value,
      dx: dx!.dataSync<'float32'>(),
      gradients: gradients.map((gradient) => ({ shape: gradient.shape, data: gradient.dataSync<'float32'>() })),
    };
  });
}

for (const { what, type, aggregator } of built) {
  test(`padding changes no bit of value and gradients: ${what}`, () => {
    const [zeros, others] = [padded(0), padded(1e3)];
    const first = onTape(aggregator, zeros, valid);
    assert.equal(first.value.length, batch * aggregator.channels);
    assert.ok([first.value, first.dx].every((list) => list.every(Number.isFinite)));
    assert.deepEqual(onTape(aggregator, others, valid), first);

    valid.forEach((count, item) => {
      const alone = tf.slice(zeros, [item, 0, 0], [1, count, channels]);
      using parameters = parametersOf(aggregator);
      const { value } = recordAggregate(aggregator, { x: alone, valid: [count] }, parameters);
      const [from, to] = [item * aggregator.channels, (item + 1) * aggregator.channels];
      assert.deepEqual(value.dataSync<'float32'>(), first.value.slice(from, to));
      const rows = first.dx.subarray(item * steps * channels, (item + 1) * steps * channels);
      assert.ok(
        rows.subarray(count * channels).every((d) => d === 0),
        'gradient of padding',
      );
      tf.dispose([alone, value]);
    });
    const alone = tf.slice(zeros, [0, 0, 0], [1, valid[0]!, channels]);
    assert.deepEqual(onTape(aggregator, alone, [valid[0]!]).dx, first.dx.slice(0, valid[0]! * channels));
    tf.dispose([zeros, others, alone]);
  });

  test(`gradients arrive on the tape: ${what}`, () => {
    const x = padded(0);
    const tape = onTape(aggregator, x, valid);
    using parameters = parametersOf(aggregator);
    const record = recordAggregate(aggregator, { x, valid }, parameters);
    const projection = seeded<tf.Rank.R2>([batch, aggregator.channels], 'projection');
    const { dx, gradients } = record.backward(projection);
    assert.deepEqual(dx.dataSync(), tape.dx);
    assert.equal(
      tape.dx.some((d) => d !== 0),
      aggregatorFacts(type).differentiable || what.includes('withMean'),
    );
    assert.deepEqual([...gradients.keys()], trainedOf(aggregator));
    [...gradients.values()].forEach((gradient, i) => {
      assert.deepEqual(gradient.dataSync(), tape.gradients[i]!.data);
      assert.deepEqual(gradient.shape, tape.gradients[i]!.shape);
      assert.ok(tape.gradients[i]!.data.some((d) => d !== 0));
    });
    tf.dispose([x, record.value, projection, dx, ...gradients.values()]);
  });

  test(`no tensor is left behind: ${what}`, () => {
    const x = padded(0);
    const before = tf.memory().numTensors;
    onTape(aggregator, x, valid);
    assert.equal(tf.memory().numTensors, before);
    using parameters = parametersOf(aggregator);
    const held = tf.memory().numTensors;
    const record = recordAggregate(aggregator, { x, valid }, parameters);
    assert.equal(tf.memory().numTensors, held + 1);
    const { dx, gradients } = record.backward(record.value);
    assert.equal(tf.memory().numTensors, held + 2 + gradients.size);
    tf.dispose([record.value, dx, ...gradients.values(), x]);
  });
}

test('the gradient of a parameter is the sum over the batch', () => {
  const aggregator = buildAggregator(aggregatorSchema.parse({ type: 'softbow', words: 3 }), channels);
  const x = padded(0);
  const all = onTape(aggregator, x, valid).gradients;
  const sums = all.map(({ data }) => new Float64Array(data.length));
  using parameters = parametersOf(aggregator);
  const projection = seeded<tf.Rank.R2>([batch, aggregator.channels], 'projection');
  valid.forEach((count, item) => {
    const alone = tf.slice(x, [item, 0, 0], [1, count, channels]);
    const own = tf.slice(projection, [item, 0], [1, aggregator.channels]);
    const record = recordAggregate(aggregator, { x: alone, valid: [count] }, parameters);
    const { dx, gradients } = record.backward(own);
    [...gradients.values()].forEach((gradient, i) => {
      gradient.dataSync<'float32'>().forEach((d, at) => (sums[i]![at]! += d));
    });
    tf.dispose([alone, own, record.value, dx, ...gradients.values()]);
  });
  all.forEach(({ data }, i) => {
    assertClose(data, sums[i]!, 1e-6);
  });
  tf.dispose([x, projection]);
});
