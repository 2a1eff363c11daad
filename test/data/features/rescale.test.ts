import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rescaled } from '../../../src/data/features/rescale.js';
import { assertClose } from '../../support/numeric.js';

const ramp = { data: Float32Array.of(0, 10, 1, 20, 2, 30, 3, 40), shape: [4, 2] } as const;

test('rows are interpolated between the centres of their cells, as PyTorch does without align_corners', () => {
  // torch.nn.functional.interpolate(torch.tensor([[[0., 1., 2., 3.]]]), size=…, mode='linear', align_corners=False)
  for (const [rows, expected] of [
    [2, [0.5, 2.5]],
    [3, [1 / 6, 1.5, 17 / 6]],
    [5, [0, 0.7, 1.5, 2.3, 3]],
    [8, [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]],
    [1, [1.5]],
  ] as [number, number[]][]) {
    const { data, shape } = rescaled(ramp, rows);
    assert.deepEqual(shape, [rows, 2]);
    assertClose(
      data,
      expected.flatMap((value) => [value, 10 + 10 * value]),
      1e-6,
      `${rows} rows`,
    );
  }
});

test('as many rows as there are stay as they are; a single one is repeated', () => {
  assert.equal(rescaled(ramp, 4), ramp);
  assert.deepEqual([...rescaled({ data: Float32Array.of(5, 6), shape: [1, 2] }, 3).data], [5, 6, 5, 6, 5, 6]);
});
