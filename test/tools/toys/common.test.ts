import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';
import { Adam } from '../../../tools/toys/common/adam.js';
import { toyArguments } from '../../../tools/toys/common/arguments.js';
import { accuracyOf, fitLogistic } from '../../../tools/toys/common/logistic-regression.js';
import { overSeeds } from '../../../tools/toys/common/report.js';
import { backwardCrossEntropy, probabilities, zeroClassifier } from '../../../tools/toys/common/softmax.js';
import { assertClose } from '../../support/numeric.js';

describe('logistic regression', () => {
  it('learns the odds where a vector can only say which of two groups it is of', () => {
    // Three of four in group 0 are of class 0, one of four in group 1: the odds are 3 and 1/3.
    const labels = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? Number(i % 8 === 0) : Number(i % 8 !== 1)));
    const vectors = labels.map((_, i) => Float64Array.of(i % 2));
    const classifier = fitLogistic({ vectors, labels }, 2);
    for (const [group, probability] of [
      [0, 0.75],
      [1, 0.25],
    ] as const)
      assert.ok(Math.abs(probabilities(Float64Array.of(group), classifier)[0]! - probability) < 0.02);
    assert.equal(accuracyOf({ vectors, labels }, classifier), 0.75);
  });

  it('separates what can be separated, into any number of classes', () => {
    const random = randomStream(1, 'separable');
    const labels = Array.from({ length: 120 }, (_, i) => i % 3);
    const vectors = labels.map((label) => {
      const angle = (2 * Math.PI * label) / 3 + random.between(-0.9, 0.9);
      return Float64Array.of(Math.cos(angle), Math.sin(angle));
    });
    const train = { vectors, labels };
    assert.equal(accuracyOf(train, fitLogistic(train, 3)), 1);
  });
});

describe('the softmax classifier', () => {
  it('has the gradients of central differences', () => {
    const random = randomStream(1, 'softmax');
    const some = (length: number) => Float64Array.from({ length }, () => random.normal());
    const [x, classifier] = [some(4), { weights: some(12), bias: some(3) }];
    const sums = zeroClassifier(3, 4);
    const dx = backwardCrossEntropy(x, 1, classifier, sums, 2);
    const loss = () => -2 * Math.log(probabilities(x, classifier)[1]!);
    const differences = (values: Float64Array) =>
      Float64Array.from(values, (value, i) => {
        const [above, below] = [1e-6, -1e-6].map((by) => {
          values[i] = value + by;
          return loss();
        }) as [number, number];
        values[i] = value;
        return (above - below) / 2e-6;
      });
    assertClose(dx, differences(x), 1e-7);
    assertClose(sums.weights, differences(classifier.weights), 1e-7);
    assertClose(sums.bias, differences(classifier.bias), 1e-7);
  });
});

describe('Adam', () => {
  it('steps by its rate at first, and finds a minimum', () => {
    const values = { x: Float64Array.of(3, -2) };
    const adam = new Adam(0.1);
    adam.step(values, { x: Float64Array.of(5, -1e-3) });
    assertClose(values.x, [2.9, -1.9], 1e-4);
    for (let i = 0; i < 400; i++) adam.step(values, { x: values.x.map((x) => 2 * (x - 1)) });
    assertClose(values.x, [1, 1], 1e-3);
  });
});

describe('what toys share', () => {
  it('means and deviations are over seeds', () => {
    const results = [0.5, 0.7, 0.9].map((accuracy, i) => ({ arm: i < 2 ? 'a' : 'b', seed: i, accuracy }));
    const means = overSeeds(results, ({ arm }) => arm);
    assertClose([means.get('a')!.mean, means.get('a')!.deviation!], [0.6, Math.SQRT2 / 10], 1e-12);
    assert.deepEqual(means.get('b'), { mean: 0.9, deviation: null });
  });

  it('arguments are checked', () => {
    assert.deepEqual(toyArguments(['--seeds', '2', '--json'], 5), { seeds: [0, 1], json: true, plot: undefined });
    assert.deepEqual(toyArguments([], 3).seeds, [0, 1, 2]);
    for (const wrong of [['--seeds', '0'], ['--seeds', 'two'], ['--seeds', '1.5'], ['--sedes', '2'], ['more']])
      assert.throws(() => toyArguments(wrong, 5), UsageError, wrong.join(' '));
  });
});
