import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signedRoot } from '../../../src/models/aggregators/signed-root.js';

describe('the signed root', () => {
  it('has length 1, and leaves zeros as they are', () => {
    assert.deepEqual([...signedRoot(Float64Array.of(9, -16)).value], [3 / 5, -4 / 5]);
    assert.deepEqual([...signedRoot(new Float64Array(3)).value], [0, 0, 0]);
  });

  it('has a finite gradient at and around 0', () => {
    for (const size of [0, 1e-300, 1e-30, 1e-9])
      for (const raw of [Float64Array.of(size, -size), Float64Array.of(size, 1)]) {
        const gradient = signedRoot(raw).backward(Float64Array.of(1, 2));
        assert.ok(
          gradient.every((d) => Math.abs(d) <= 1e6),
          `${size}: ${gradient.join()}`,
        );
      }
  });
});
