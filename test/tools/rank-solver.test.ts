import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareSolvers } from '../../tools/rank/compare-solvers.js';

test('rank pooling is solved as scikit-learn solves it', (t) => {
  const found = compareSolvers('python3');
  if (!found) {
    t.skip('python3 with scikit-learn is not there');
    return;
  }
  for (const { error, ...problem } of found) assert.ok(error < 1e-6, `${JSON.stringify(problem)}: ${error}`);
});
