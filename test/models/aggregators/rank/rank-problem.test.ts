import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FeatureRows } from '../../../../src/models/aggregators/aggregator.js';
import { solveRank, type RankProblem } from '../../../../src/models/aggregators/rank/rank-problem.js';
import { rankTargets } from '../../../../src/models/aggregators/rank/rank.js';
import { rowsOf } from '../../../support/aggregators.js';
import { assertClose, seededArray } from '../../../support/numeric.js';

const seededRows = (count: number, channels: number, name: string, size = 1): FeatureRows => ({
  data: Float64Array.from(seededArray(count * channels, name, -size, size)),
  count,
  channels,
});

const problemOf = (rows: FeatureRows, other: Partial<RankProblem> = {}): RankProblem => ({
  rows,
  targets: rankTargets(rows.count, 'index'),
  C: 1,
  epsilon: 0.1,
  ...other,
});

const row = ({ data, channels }: FeatureRows, t: number) => data.subarray(t * channels, (t + 1) * channels);
const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** The value of the dual problem, which is below that of the primal except at the solution. */
function gap(problem: RankProblem): number {
  const { targets, C, epsilon } = problem;
  const { u, alpha, residuals } = solveRank(problem);
  const excess = residuals.map((r) => Math.max(0, Math.abs(r) - epsilon));
  const primal = dot(u, u) / 2 + (C / 2) * dot(excess, excess);
  const size = alpha.reduce((sum, a) => sum + Math.abs(a), 0);
  const dual = -dot(u, u) / 2 - dot(alpha, alpha) / (2 * C) + dot(alpha, targets) - epsilon * size;
  return (primal - dual) / Math.abs(primal);
}

test('the duality gap closes, however strong the fit', () => {
  for (const C of [0.01, 1, 2, 100, 1e4])
    for (const [count, channels] of [
      [1, 4],
      [5, 3],
      [20, 64],
      [40, 8],
    ] as const)
      assert.ok(gap(problemOf(seededRows(count, channels, `gap ${count}`), { C })) < 1e-11, `C = ${C}, T = ${count}`);
});

test('without a tolerance it is ridge regression', () => {
  // One channel: u = Σ v·y / (Σ v² + 1/C).
  const { u } = solveRank(problemOf(rowsOf([[1], [2], [-1]]), { C: 2, epsilon: 0 }));
  assertClose(u, [(1 + 4 - 3) / (6 + 0.5)], 1e-14);
});

test('a single step has u = C·(y - ε)·v / (1 + C·‖v‖²)', () => {
  const rows = seededRows(1, 7, 'single');
  const squares = dot(rows.data, rows.data);
  const { u } = solveRank(problemOf(rows, { targets: Float64Array.of(3), C: 2, epsilon: 0.5 }));
  assertClose(
    u,
    rows.data.map((v) => (2 * 2.5 * v) / (1 + 2 * squares)),
    1e-14,
  );
});

test('of orthonormal steps it is C/(1 + C)·Σ (y_t - ε)·v_t', () => {
  const { u } = solveRank(problemOf(rowsOf([[0, 1, 0], [0.6, 0, 0.8], [0.8, 0, -0.6]]), { C: 3 })); // prettier-ignore
  const expected = [0.6 * 1.9 + 0.8 * 2.9, 0.9, 0.8 * 1.9 - 0.6 * 2.9].map((x) => 0.75 * x);
  assertClose(u, expected, 1e-14);
});

test('a rotation of the steps rotates the result', () => {
  const rows = seededRows(6, 3, 'rotation');
  const [cos, sin] = [Math.cos(0.7), Math.sin(0.7)];
  const turn = (v: Float64Array) => [cos * v[0]! - sin * v[1]!, sin * v[0]! + cos * v[1]!, v[2]!];
  const turned = rowsOf([0, 1, 2, 3, 4, 5].map((t) => turn(row(rows, t))));
  assertClose(solveRank(problemOf(turned)).u, turn(solveRank(problemOf(rows)).u), 1e-13);
});

test('targets and tolerance scale the result; twice the steps with a quarter of C halve it', () => {
  const rows = seededRows(8, 5, 'scale');
  const { u } = solveRank(problemOf(rows));
  const targets = rankTargets(8, 'index').map((y) => 3 * y);
  assertClose(
    solveRank(problemOf(rows, { targets, epsilon: 0.3 })).u,
    u.map((value) => 3 * value),
    1e-13,
  );
  const doubled = { ...rows, data: rows.data.map((value) => 2 * value) };
  assertClose(
    solveRank(problemOf(doubled, { C: 0.25 })).u,
    u.map((value) => value / 2),
    1e-13,
  );
});

test('of a weak fit, u/C is Σ (y_t - ε)·v_t', () => {
  const rows = seededRows(4, 3, 'weak');
  const { u } = solveRank(problemOf(rows, { C: 1e-9 }));
  const expected = [0, 1, 2].map((c) => [0, 1, 2, 3].reduce((sum, t) => sum + (t + 0.9) * row(rows, t)[c]!, 0));
  assertClose(
    u.map((value) => value / 1e-9),
    expected,
    1e-8,
  );
});

test('where all targets are met within the tolerance, the result is 0', () => {
  const { u, active } = solveRank(problemOf(seededRows(3, 4, 'loose'), { epsilon: 3 }));
  assert.deepEqual([...u], [0, 0, 0, 0]);
  assert.deepEqual(active, []);
});

test('equal steps, and steps of zeros, are no obstacle', () => {
  const equal = solveRank(problemOf(rowsOf([[1, 2], [1, 2], [1, 2]]))); // prettier-ignore
  assert.ok(equal.u.every(Number.isFinite));
  assert.deepEqual([...solveRank(problemOf(rowsOf([[0, 0], [0, 0]]))).u], [0, 0]); // prettier-ignore
});

test('large features are solved as exactly as small ones', () => {
  const rows = seededRows(20, 64, 'large', 30);
  assert.ok(gap(problemOf(rows)) < 1e-9);
});

test('a feature that is not finite makes the result NaN instead of an endless search', () => {
  const rows = rowsOf([[1, 2], [Infinity, 0]]); // prettier-ignore
  assert.ok(solveRank(problemOf(rows)).u.every(Number.isNaN));
});
