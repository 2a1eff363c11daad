import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawColor, recolor } from '../../../src/data/frames/color.js';
import {
  ColorSums,
  drawOffset,
  principalColors,
  symmetricEigen,
  withOffset,
} from '../../../src/data/frames/principal-colors.js';
import { randomStream } from '../../../src/engine/random.js';
import { assertClose } from '../../support/numeric.js';

/** Turns a vector so that its largest element is positive, because eigenvectors have no sign. */
function withSign(vector: readonly number[]): number[] {
  const largest = vector.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most));
  return vector.map((value) => (largest < 0 ? -value : value));
}

test('eigenvalues and eigenvectors of known matrices, whatever their signs', () => {
  // Of [[2, 1], [1, 2]] in the plane, and 5 across it.
  const { values, vectors } = symmetricEigen([
    [2, 1, 0],
    [1, 2, 0],
    [0, 0, 5],
  ]);
  assertClose(values, [5, 3, 1], 1e-14);
  const half = Math.SQRT1_2;
  assertClose(withSign(vectors[0]!), [0, 0, 1], 1e-14);
  assertClose(withSign(vectors[1]!), [half, half, 0], 1e-14);
  assertClose(vectors[2]!.map(Math.abs), [half, half, 0], 1e-14);
  assert.ok(vectors[2]![0]! * vectors[2]![1]! < 0);
  // Those of the second difference are known in closed form: 2 - 2cos(kπ/4).
  const second = symmetricEigen([
    [2, -1, 0],
    [-1, 2, -1],
    [0, -1, 2],
  ]);
  assertClose(second.values, [2 + Math.SQRT2, 2, 2 - Math.SQRT2], 1e-14);
  assert.deepEqual(
    symmetricEigen([
      [0, 0],
      [0, 0],
    ]).values,
    [0, 0],
  );
});

test('of random symmetric matrices: orthonormal vectors that give the matrix back', () => {
  const random = randomStream(1, 'eigen');
  for (let trial = 0; trial < 20; trial++) {
    const half = Array.from({ length: 3 }, () => Array.from({ length: 3 }, () => random.normal()));
    const matrix = half.map((row, i) => row.map((value, j) => value + half[j]![i]!));
    const { values, vectors } = symmetricEigen(matrix);
    assert.ok(values[0]! >= values[1]! && values[1]! >= values[2]!);
    const dots = vectors.flatMap((a) => vectors.map((b) => a.reduce((sum, value, k) => sum + value * b[k]!, 0)));
    assertClose(dots, [1, 0, 0, 0, 1, 0, 0, 0, 1], 1e-13);
    const back = matrix.map((row, i) =>
      row.map((_, j) => values.reduce((sum, value, k) => sum + value * vectors[k]![i]! * vectors[k]![j]!, 0)),
    );
    assertClose(back.flat(), matrix.flat(), 1e-12);
  }
});

test('the covariance of colours, over several calls, on values in 0..1', () => {
  const sums = new ColorSums();
  sums.add(Uint8Array.of(0, 0, 255, 255, 0, 255));
  sums.add(Uint8Array.of(255, 255, 255, 0, 255, 255));
  // Red and green are 0 and 1 independently of each other, blue is always 1.
  assertClose(sums.covariance().flat(), [0.25, 0, 0, 0, 0.25, 0, 0, 0, 0], 1e-12);
  assertClose(principalColors(sums.covariance()).variances, [0.25, 0.25, 0], 1e-12);
  const grey = new ColorSums();
  grey.add(new Uint8Array(300).fill(77));
  assert.ok(principalColors(grey.covariance()).variances.every((variance) => variance >= 0 && variance < 1e-12));
});

const covariance = [
  [0.08, 0.05, 0.04],
  [0.05, 0.07, 0.05],
  [0.04, 0.05, 0.09],
];

for (const scale of ['stdev', 'eigenvalue'] as const)
  test(`by ${scale}: 20,000 offsets have the covariance Σ sd²·s²·pᵢpᵢᵀ within 5 %`, () => {
    const colors = principalColors(covariance);
    const sd = 0.1;
    const n = 20_000;
    const draws = Array.from({ length: n }, (_, i) => drawOffset(colors, { sd, scale }, randomStream(7, 'offset', i)));
    const found = [0, 1, 2].map((a) =>
      [0, 1, 2].map((b) => draws.reduce((sum, draw) => sum + draw[a]! * draw[b]!, 0) / n),
    );
    const expected = covariance.map((row, a) =>
      row.map((_, b) =>
        colors.components.reduce((sum, p, i) => {
          const s = scale === 'stdev' ? Math.sqrt(colors.variances[i]!) : colors.variances[i]!;
          return sum + sd ** 2 * s ** 2 * p[a]! * p[b]!;
        }, 0),
      ),
    );
    // By √λ the sum is the covariance of the colours itself, a hundredth of it.
    if (scale === 'stdev')
      assertClose(
        expected.flat(),
        covariance.flat().map((value) => value * sd ** 2),
        1e-12,
      );
    const [size, apart] = [expected, found.map((row, a) => row.map((value, b) => value - expected[a]![b]!))].map((m) =>
      Math.hypot(...m.flat()),
    );
    assert.ok(apart! < 0.05 * size!, `${apart!} of ${size!}`);
    const mean = Math.hypot(...[0, 1, 2].map((a) => draws.reduce((sum, draw) => sum + draw[a]!, 0) / n));
    assert.ok(mean < 0.03 * Math.sqrt(expected[0]![0]!));
  });

test('the offset is the same for all pixels of all frames, after a change of colours too', () => {
  const pixels = Array.from({ length: 2 * 12 * 3 }, (_, i) => 60 + ((i * 37) % 100));
  const bytes = Uint8Array.from(pixels);
  recolor(bytes, withOffset(undefined, [10 / 255, -20 / 255, 5 / 255]));
  assert.deepEqual(
    [...bytes],
    pixels.map((value, i) => value + [10, -20, 5][i % 3]!),
  );
  const jitter = drawColor(0.2, randomStream(1))!;
  const [jittered, both] = [Uint8Array.from(pixels), Uint8Array.from(pixels)];
  recolor(jittered, jitter);
  recolor(both, withOffset(jitter, [3 / 255, 3 / 255, 3 / 255]));
  assert.deepEqual(
    [...both],
    [...jittered].map((value) => value + 3),
  );
});
