import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lstmGradient, runLstm, type LstmWeights } from '../../../../src/train/samplers/history/lstm.js';
import { seededArray } from '../../../support/numeric.js';

const [units, width, steps] = [3, 2, 4];

function weightsOf(name: string): LstmWeights<Float64Array> {
  const array = (size: number, part: string) => Float64Array.from(seededArray(size, `${name} ${part}`));
  return {
    input: array(4 * units * width, 'input'),
    recurrent: array(4 * units * units, 'recurrent'),
    bias: array(4 * units, 'bias'),
  };
}

test('one unit, two steps: the numbers worked by hand', () => {
  // All gates are σ(0) = 1/2 but for the cell gate, tanh(x).
  const weights = {
    input: Float64Array.of(0, 0, 1, 0),
    recurrent: new Float64Array(4),
    bias: new Float64Array(4),
  };
  const { outputs, cells } = runLstm(weights, Float64Array.of(1, -2), 1);
  const first = 0.5 * Math.tanh(1);
  const second = 0.5 * first + 0.5 * Math.tanh(-2);
  assert.deepEqual([...cells], [first, second]);
  assert.deepEqual([...outputs], [0.5 * Math.tanh(first), 0.5 * Math.tanh(second)]);
});

test('without a step there is no output', () => {
  assert.equal(runLstm(weightsOf('none'), new Float64Array(0), units).outputs.length, 0);
});

test('gradients of every weight and input are those of differences', () => {
  const weights = weightsOf('checked');
  const x = Float64Array.from(seededArray(steps * width, 'x'));
  const projection = Float64Array.from(seededArray(steps * units, 'projection'));
  const project = () => runLstm(weights, x, units).outputs.reduce((sum, output, i) => sum + output * projection[i]!, 0);
  const gradient: LstmWeights<Float64Array> = {
    input: new Float64Array(4 * units * width),
    recurrent: new Float64Array(4 * units * units),
    bias: new Float64Array(4 * units),
  };
  const ofX = lstmGradient(weights, runLstm(weights, x, units), projection, units, gradient);
  const check = (values: Float64Array, analytic: Float64Array, what: string) => {
    values.forEach((value, i) => {
      const at = (by: number) => {
        values[i] = value + by;
        const found = project();
        values[i] = value;
        return found;
      };
      const numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
      assert.ok(Math.abs(numeric - analytic[i]!) < 1e-8, `${what} ${i}: ${analytic[i]}, not ${numeric}`);
    });
  };
  check(x, ofX, 'input');
  for (const part of ['input', 'recurrent', 'bias'] as const) check(weights[part], gradient[part], part);
});
