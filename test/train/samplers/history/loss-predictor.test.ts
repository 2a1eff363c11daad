import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { randomStream } from '../../../../src/engine/random.js';
import {
  initialParameters,
  parameterCount,
  predictionError,
  predictLoss,
  type Example,
} from '../../../../src/train/samplers/history/loss-predictor.js';
import { predictLosses } from '../../../../src/train/samplers/history/predict-losses.js';
import { assertClose, seededArray } from '../../../support/numeric.js';

await startEngine();

const examples: readonly Example[] = [
  { losses: [1.2, 0.7, 0, 0.4], rows: [0] },
  { losses: [], rows: [1] },
  { losses: [0.3], rows: [0, 2] },
];
const targets = [0.5, 1.1, 0.2];

describe('the predictor of losses', () => {
  it('has two layers of 32 units, an embedding of 32 a row, and a linear layer', () => {
    assert.equal(parameterCount(3), 4 * 32 * (1 + 32 + 1) + 4 * 32 * (32 + 32 + 1) + 3 * 32 + 64 + 1);
  });

  it('has the gradient of differences in a sample of all parameters', () => {
    const parameters = Float64Array.from(initialParameters(3, randomStream(1, 'predictor')));
    const { error, gradient } = predictionError(parameters, examples, targets);
    const expected = examples.reduce((sum, one, i) => sum + (predictLoss(parameters, one) - targets[i]!) ** 2, 0) / 3;
    assert.ok(Math.abs(error - expected) < 1e-12);
    let seen = 0;
    for (let i = 0; i < parameters.length; i += i < 13_000 ? 37 : 1) {
      const value = parameters[i]!;
      const at = (by: number) => {
        parameters[i] = value + by;
        const found = predictionError(parameters, examples, targets).error;
        parameters[i] = value;
        return found;
      };
      const numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
      assert.ok(Math.abs(numeric - gradient[i]!) < 1e-8, `parameter ${i}: ${gradient[i]}, not ${numeric}`);
      if (gradient[i] !== 0) seen++;
    }
    assert.ok(seen > 200);
  });

  it('takes a loss of 0 for a loss, not for the end of the history', () => {
    // The cell gates of untrained parameters have no bias, so that a step on 0 does nothing.
    const parameters = seededArray(parameterCount(1), 'zeros', -0.3, 0.3);
    const predictions = [[], [0], [0, 0]].map((losses) => predictLoss(parameters, { losses, rows: [0] }));
    assert.equal(new Set(predictions).size, 3);
  });

  it('predicts for many items at once what it predicts for each', () => {
    const parameters = seededArray(parameterCount(3), 'together', -0.5, 0.5);
    const many: Example[] = Array.from({ length: 33 }, (_, i) => ({
      losses: Array.from({ length: i % 11 }, (_, t) => Math.abs(Math.sin(i + t))),
      rows: i % 2 === 0 ? [i % 3] : [0, 2],
    }));
    const before = tf.memory().numTensors;
    const together = predictLosses(parameters, many);
    assert.equal(tf.memory().numTensors, before);
    assertClose(
      together,
      many.map((one) => predictLoss(parameters, one)),
      1e-5,
    );
    assertClose(predictLosses(parameters, many.slice(0, 1)), [predictLoss(parameters, many[0]!)], 1e-5);
  });

  it('takes the mean of the rows of several classes', () => {
    const parameters = initialParameters(2, randomStream(1, 'rows'));
    const of = (...rows: number[]) => predictLoss(parameters, { losses: [1], rows });
    assert.ok(Math.abs(of(0, 1) - (of(0) + of(1)) / 2) < 1e-6);
    assert.notEqual(of(0), of(1));
  });
});
