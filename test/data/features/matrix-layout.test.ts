import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreedLayout, type MatrixLayout } from '../../../src/data/features/matrix-layout.js';
import { UsageError } from '../../../src/system/errors.js';

const agreed = (shapes: [number, number][], wanted: MatrixLayout | 'auto' = 'auto', snippets: number | null = 100) =>
  agreedLayout(
    shapes.map((shape, i) => ({ file: `${i}.npy`, shape })),
    wanted,
    snippets,
  );

test('channels are the axis that all files share', () => {
  assert.equal(
    agreed([
      [80, 400],
      [90, 400],
    ]),
    'rows',
  );
  assert.equal(
    agreed([
      [400, 80],
      [400, 90],
    ]),
    'columns',
  );
  // The number of channels happens to equal that of the snippets.
  assert.equal(
    agreed([
      [100, 80],
      [100, 90],
    ]),
    'columns',
  );
});

test('where both are shared, time is the one of as many places as there are snippets', () => {
  assert.equal(
    agreed([
      [100, 400],
      [100, 400],
    ]),
    'rows',
  );
  assert.equal(agreed([[400, 100]]), 'columns');
});

test('what could be either is refused with the key to set, and taken where that is set', () => {
  for (const [shapes, snippets] of [
    [[[120, 400]], 100],
    [[[100, 100]], 100],
    [[[100, 400]], null],
  ] as [[number, number][], number | null][]) {
    const [[rows, columns]] = shapes as [[number, number]];
    assert.throws(() => agreed(shapes, 'auto', snippets), {
      name: UsageError.name,
      message: new RegExp(`every feature file is ${rows} × ${columns}: set data\\.featureLayout=rows`),
    });
    for (const layout of ['rows', 'columns'] as const) assert.equal(agreed(shapes, layout, snippets), layout);
  }
});

test('files that do not agree are named', () => {
  const unlike = {
    name: UsageError.name,
    message: /^feature files with different numbers of channels: 0\.npy is 80 × 400, 2\.npy is 90 × 512$/,
  };
  assert.throws(
    () =>
      agreed([
        [80, 400],
        [80, 400],
        [90, 512],
      ]),
    unlike,
  );
  assert.throws(
    () =>
      agreed(
        [
          [80, 400],
          [80, 400],
          [90, 512],
        ],
        'rows',
      ),
    unlike,
  );
  assert.throws(
    () =>
      agreed(
        [
          [80, 400],
          [90, 400],
        ],
        'columns',
      ),
    /different numbers of channels: 0\.npy is 80 × 400, 1\.npy is 90/,
  );
});
