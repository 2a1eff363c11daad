import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aggregatorSchema } from '../../../../src/config/sections/aggregator-section.js';
import type { FeatureRows } from '../../../../src/models/aggregators/aggregator.js';
import { rankGradient } from '../../../../src/models/aggregators/rank/rank-gradient.js';
import { solveRank } from '../../../../src/models/aggregators/rank/rank-problem.js';
import { rankAggregator, rankTargets, type RankOptions } from '../../../../src/models/aggregators/rank/rank.js';
import { checkGradients, goldenAggregators, rowsOf } from '../../../support/aggregators.js';
import { assertClose, seededArray } from '../../../support/numeric.js';

const { rankPool: golden } = goldenAggregators;

const seededRows = (count: number, channels: number, name: string): FeatureRows => ({
  data: Float64Array.from(seededArray(count * channels, name)),
  count,
  channels,
});
const optionsOf = (other: Partial<RankOptions>): RankOptions =>
  aggregatorSchema.parse({ type: 'rank', ...other }) as RankOptions;
const plain = { smoothing: false, nonlinearity: 'none', normalize: false } as const;

for (const expected of golden.cases)
  test(`golden values of targets ${expected.targets}`, () => {
    const rows = rowsOf(golden.V);
    assert.deepEqual([...rankTargets(5, expected.targets)], expected.y);
    const problem = { rows, targets: Float64Array.from(expected.y), C: golden.C, epsilon: golden.eps };
    const solution = solveRank(problem);
    assertClose(solution.u, expected.u, 1e-9, 'u');
    assertClose(solution.alpha, expected.alpha, 1e-9, 'alpha');
    assertClose(solution.residuals, expected.residual, 1e-9, 'residuals');
    assert.deepEqual(
      solution.active,
      expected.active.flatMap((is, t) => (is ? [t] : [])),
    );
    const g = Float64Array.from(golden.g);
    assertClose(rankGradient(problem, solution, g, 'dual'), expected.vjp_exact.flat(), 1e-9, 'dual');
    assertClose(rankGradient(problem, solution, g, 'shermanMorrison'), expected.vjp_exact.flat(), 1e-9, 'lemma 3');
    assertClose(rankGradient(problem, solution, g, 'diagonal'), expected.vjp_diag.flat(), 1e-9, 'diagonal');
  });

test('golden values where only one step is active', () => {
  const { V, y, C, eps, u, active, vjp_ones: gradient } = golden.inactiveCase;
  const problem = { rows: rowsOf(V), targets: Float64Array.from(y), C, epsilon: eps };
  const solution = solveRank(problem);
  assertClose(solution.u, u, 1e-9);
  assert.deepEqual(
    solution.active,
    active.flatMap((is, t) => (is ? [t] : [])),
  );
  assertClose(rankGradient(problem, solution, Float64Array.of(1, 1), 'dual'), gradient.flat(), 1e-9);
});

test('targets that are normalised, and their tolerance', () => {
  assertClose(rankTargets(4, 'normalised'), [-0.75, -0.25, 0.25, 0.75], 1e-15);
  const rows = seededRows(4, 3, 'normalised');
  const { value } = rankAggregator(3, optionsOf({ ...plain, targets: 'normalised', epsilon: 0.2 })).aggregate(rows, {});
  assertClose(value, solveRank({ rows, targets: rankTargets(4, 'normalised'), C: 1, epsilon: 0.05 }).u, 1e-15);
});

test('with centred targets the reversed sequence has the opposite result', () => {
  const aggregator = rankAggregator(5, optionsOf(plain));
  const rows = seededRows(6, 5, 'opposite');
  const back = rowsOf([5, 4, 3, 2, 1, 0].map((t) => [...rows.data.subarray(t * 5, t * 5 + 5)]));
  assertClose(
    aggregator.aggregate(back, {}).value,
    aggregator.aggregate(rows, {}).value.map((value) => -value),
    1e-13,
  );
});

test('direction both joins the result of the reversed sequence', () => {
  const rows = seededRows(4, 3, 'both');
  const back = rowsOf([3, 2, 1, 0].map((t) => [...rows.data.subarray(t * 3, t * 3 + 3)]));
  const one = rankAggregator(3, optionsOf({}));
  const both = rankAggregator(3, optionsOf({ direction: 'both' }));
  assert.equal(both.channels, 6);
  const expected = [...one.aggregate(rows, {}).value, ...one.aggregate(back, {}).value];
  assert.deepEqual([...both.aggregate(rows, {}).value], expected);
});

test('steps are smoothed, rooted and normalised in this order', () => {
  // One channel: time means 4, 0 are rooted, and divided by their length; a step of zeros stays.
  const rows = rowsOf([[4], [-4]]);
  const only = (other: Partial<RankOptions>) => optionsOf({ ...plain, epsilon: 0, targets: 'index', ...other });
  const resultOf = (options: RankOptions) => rankAggregator(1, options).aggregate(rows, {}).value[0]!;
  const ridge = (v: readonly number[]) => (v[0]! + 2 * v[1]!) / (v[0]! ** 2 + v[1]! ** 2 + 1);
  const root = (x: number) => Math.sign(x) * (Math.sqrt(Math.abs(x) + 1e-4) - Math.sqrt(1e-4));
  assertClose([resultOf(only({ smoothing: true }))], [ridge([4, 0])], 1e-14);
  assertClose([resultOf(only({ nonlinearity: 'ssr' }))], [ridge([root(4), root(-4)])], 1e-14);
  assertClose([resultOf(only({ normalize: true }))], [ridge([1, -1])], 1e-14);
  const all = only({ smoothing: true, nonlinearity: 'ssr', normalize: true });
  assertClose([resultOf(all)], [ridge([1, 0])], 1e-14);
  const split = rankAggregator(1, only({ nonlinearity: 'ser' })).aggregate(rows, {}).value;
  const matrix = solveRank({
    rows: rowsOf([[root(4), 0], [0, root(4)]]), // prettier-ignore
    targets: Float64Array.of(1, 2),
    C: 1,
    epsilon: 0,
  });
  assertClose(split, matrix.u, 1e-14);
});

const varied: [name: string, options: Partial<RankOptions>][] = [
  ['plain', plain],
  ['index', { ...plain, targets: 'index' }],
  ['normalised', { ...plain, targets: 'normalised' }],
  ['strong fit', { ...plain, C: 50 }],
  ['smoothing', { ...plain, smoothing: true }],
  ['ssr', { ...plain, nonlinearity: 'ssr' }],
  ['ser', { ...plain, nonlinearity: 'ser' }],
  ['unit lengths', { ...plain, normalize: true }],
  ['defaults', {}],
  ['both directions', { nonlinearity: 'ser', direction: 'both' }],
  ['Sherman-Morrison', { backward: 'shermanMorrison' }],
];
for (const [name, options] of varied)
  test(`gradients through the argmin: ${name}`, () => {
    for (const seed of ['first', 'second'])
      checkGradients(rankAggregator(4, optionsOf(options)), seededRows(7, 4, `${name} ${seed}`), {});
  });

test('the gradient of a step that is fitted is 0, and no gradient exceeds its bound', () => {
  const rows = seededRows(9, 6, 'bound');
  const problem = { rows, targets: rankTargets(9, 'centred'), C: 4, epsilon: 1.45 };
  const solution = solveRank(problem);
  assert.ok(solution.active.length > 0 && solution.active.length < 9);
  const g = Float64Array.from(seededArray(6, 'bound g'));
  const gradient = rankGradient(problem, solution, g, 'dual');
  const norm = (v: Float64Array) => Math.hypot(...v);
  for (let t = 0; t < 9; t++) {
    const own = norm(gradient.subarray(t * 6, t * 6 + 6));
    if (!solution.active.includes(t)) assert.equal(own, 0);
    const excess = Math.abs(solution.residuals[t]!) - 1.45;
    const bound = 4 * (excess + norm(rows.data.subarray(t * 6, t * 6 + 6)) * norm(solution.u)) * norm(g);
    assert.ok(own <= Math.max(0, bound) * (1 + 1e-9));
  }
});

test('the diagonal is close to exact for a weak fit of unit steps, and is not for a strong one', () => {
  const aggregatorOf = (C: number, backward: RankOptions['backward']) =>
    rankAggregator(64, optionsOf({ ...plain, normalize: true, C, backward }));
  const rows = seededRows(20, 64, 'diagonal');
  const g = Float64Array.from(seededArray(64, 'diagonal g'));
  const cosine = (C: number) => {
    const [a, b] = (['dual', 'diagonal'] as const).map(
      (way) => aggregatorOf(C, way).aggregate(rows, {}).backward(g).rows,
    );
    const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
    return dot(a!, b!) / Math.sqrt(dot(a!, a!) * dot(b!, b!));
  };
  assert.ok(cosine(0.5) > 0.9, `${cosine(0.5)}`);
  assert.ok(cosine(100) < 0.6, `${cosine(100)}`);
});
