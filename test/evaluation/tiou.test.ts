import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTiou, presets } from '../../src/evaluation/tiou.js';
import { UsageError } from '../../src/system/errors.js';

describe('parseTiou', () => {
  it('gives the doubles of np.linspace', () => {
    assert.deepEqual(
      parseTiou('0.5:0.05:0.95'),
      [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95],
    );
    assert.deepEqual(parseTiou('0.1:0.1:0.7'), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
    assert.deepEqual(parseTiou('0.5:0.1:0.5'), [0.5]);
    assert.deepEqual(presets.activitynet.tiou, parseTiou('0.5:0.05:0.95'));
    assert.deepEqual(presets.thumos14.tiou, parseTiou('0.3:0.1:0.7'));
  });

  it('takes a list', () => {
    assert.deepEqual(parseTiou('0.5'), [0.5]);
    assert.deepEqual(parseTiou('0.75, 0.5'), [0.75, 0.5]);
  });

  for (const text of ['', 'a', '0.5:0.95', '0.5:0:0.9', '0.9:0.1:0.5', '0.5:0.1:0.95', '0', '1.5', '0.5,,0.7']) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseTiou(text), UsageError);
    });
  }
});
