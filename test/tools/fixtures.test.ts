import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import lrn from '../fixtures/lrn.json' with { type: 'json' };
import lstm from '../fixtures/lstm.json' with { type: 'json' };
import { goldenAggregators } from '../support/aggregators.js';
import { temporaryFolder } from '../support/temporary.js';

const tool = new URL('../../tools/fixtures.ts', import.meta.url).pathname;
const { arp, softAgg, classicAgg } = goldenAggregators;

function recompute(file: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', tool, file], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function ofContent(t: Parameters<typeof temporaryFolder>[0], content: unknown) {
  const file = path.join(temporaryFolder(t), 'golden.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  const result = recompute(file);
  return {
    ...result,
    errors: result.status === 0 ? (JSON.parse(result.stdout) as Record<string, number | null>) : null,
  };
}

const small = (error: number | null | undefined) => typeof error === 'number' && error < 1e-9;

test('golden values are recomputed to their ten digits', (t) => {
  const { status, errors } = ofContent(t, { note: 'words', arp, softAgg, classicAgg, ssim: { y: [1] } });
  assert.equal(status, 0);
  assert.deepEqual(Object.keys(errors!), ['arp', 'softAgg', 'classicAgg', 'ssim']);
  assert.ok(small(errors!['arp']) && small(errors!['softAgg']) && small(errors!['classicAgg']), JSON.stringify(errors));
  assert.equal(errors!['ssim'], null);
});

test('local response normalisation is recomputed to the precision of the engine', (t) => {
  const { errors } = ofContent(t, lrn);
  assert.ok(errors!['lrn']! < 1e-6, JSON.stringify(errors));
  const wrong = ofContent(t, { lrn: { ...lrn.lrn, alpha: 2 * lrn.lrn.alpha } });
  assert.ok(wrong.errors!['lrn']! > 1e-3);
});

test('a step of the LSTM and the way of a digit are recomputed', (t) => {
  const { errors } = ofContent(t, lstm);
  assert.ok(errors!['peepholeLstm']! < 1e-6, JSON.stringify(errors));
  assert.equal(errors!['movingMnistTrajectory'], 0);
  const { peepholeLstm, movingMnistTrajectory } = lstm;
  // The output gate by the cell before the step would be another one.
  const wrong = ofContent(t, {
    peepholeLstm: { ...peepholeLstm, po: peepholeLstm.po.map((p) => -p) },
    movingMnistTrajectory: { ...movingMnistTrajectory, step: 0.2 },
  });
  assert.ok(wrong.errors!['peepholeLstm']! > 1e-2 && wrong.errors!['movingMnistTrajectory']! > 1e-2);
});

test('other numbers and sizes are taken, and errors seen', (t) => {
  // All rows twice: the same mean and gradients of the words, and half the gradient for each row.
  const twice = { ...softAgg, F: [...softAgg.F, ...softAgg.F] };
  const dF = softAgg.dF.map((row) => row.map((d) => d / 2));
  const good = ofContent(t, { softAgg: { ...twice, dF: [...dF, ...dF] }, arp: { 1: { timeMean: [1], plain: [1] } } });
  assert.ok(small(good.errors!['softAgg']), JSON.stringify(good.errors));
  assert.equal(good.errors!['arp'], 0);
  const wrong = ofContent(t, { softAgg: { ...softAgg, R: softAgg.R.map((r) => 1.25 * r) } });
  assert.ok(Math.abs(wrong.errors!['softAgg']! - 0.2) < 1e-9);
});

test('a key whose inputs are not there is null', (t) => {
  const { errors, stderr } = ofContent(t, { classicAgg });
  assert.deepEqual(errors, { classicAgg: null });
  assert.match(stderr, /^classicAgg: .*\n$/);
});

for (const [what, content, message] of [
  ['no JSON', '{"arp": ', /not JSON/],
  ['a list', [1], /not an object/],
  ['a missing value', { softAgg: { ...softAgg, gR: undefined } }, /softAgg\.gR/],
  ['words for numbers', { arp: { 2: { timeMean: ['-0.5', 0.5], plain: [-1, 1] } } }, /arp\.2\.timeMean\.0/],
  ['a ragged matrix', { softAgg: { ...softAgg, F: [[1], ...softAgg.F.slice(1)] } }, /softAgg\.F: not of shape/],
  ['other sizes', { softAgg, classicAgg: { ...classicAgg, bow: [1] } }, /classicAgg\.bow: not of shape \[3\]/],
  ['a gradient of other channels', { lrn: { ...lrn.lrn, g: [1] } }, /lrn\.g: not of shape \[8\]/],
  ['no steps', { arp: { x: { timeMean: [], plain: [] } } }, /not a number of steps/],
] as const)
  test(`one line and exit code 2 for ${what}`, (t) => {
    const { status, stdout, stderr } = ofContent(t, content);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });

test('a missing file is one line, exit code 2', () => {
  const { status, stderr } = recompute('/nowhere/golden.json');
  assert.equal(status, 2);
  assert.match(stderr, /^.*not readable: \/nowhere\/golden\.json.*\n$/);
});
