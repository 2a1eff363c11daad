import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { inflateSync } from 'node:zlib';
import { png } from '../../../src/report/png.js';
import { reportRun, type ReportedRun } from '../../../src/report/run/reported-run.js';
import { pretextSection } from '../../../src/report/sections/pretext-section.js';
import { makeTimeline } from '../../../src/report/timeline/timeline.js';
import { hostile, writeFakeRun } from '../../support/fake-run.js';
import { temporaryFolder } from '../../support/temporary.js';

const row = (name: string) => ({
  ...{ name, width: 2, height: 1, channels: 1 },
  pixels: Buffer.from([7, 200]).toString('base64'),
});
const example = { id: hostile, rows: ['input', 'reconstruction', 'future', 'truth'].map(row) };

function fakeRun(t: TestContext, files: Record<string, unknown> = {}): ReportedRun {
  const folder = path.join(temporaryFolder(t), 'run');
  writeFakeRun(folder, { seed: 1, noise: 0.5, videos: 4 });
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), JSON.stringify(content));
  return reportRun(folder);
}

test('a PNG holds the pixels, whatever their number', () => {
  const pixels = Uint8Array.from({ length: 3 * 2 * 3 }, (_, i) => 14 * i);
  const file = png({ width: 3, height: 2, channels: 3, pixels });
  assert.equal(file.toString('latin1', 1, 4), 'PNG');
  assert.deepEqual([file.readUInt32BE(16), file.readUInt32BE(20)], [3, 2]);
  const at = file.indexOf('IDAT');
  const rows = inflateSync(file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4)));
  assert.deepEqual([...rows], [0, ...pixels.slice(0, 9), 0, ...pixels.slice(9)]);
  // The checksum of an empty IEND is known.
  assert.equal(file.subarray(-4).toString('hex'), 'ae426082');
});

test('pictures stand in rows, and names are text', (t) => {
  assert.equal(pretextSection([fakeRun(t)]).markup, '');
  const pretext = { checkpoint: 'x', data: 'features', examples: [example] };
  const { markup } = pretextSection([fakeRun(t, { 'pretext.json': pretext })]);
  assert.equal(markup.match(/src="data:image\/png;base64,/g)?.length, 4);
  assert.deepEqual(
    [...markup.matchAll(/<th scope="row">(\w+)</g)].map(([, name]) => name),
    ['input', 'reconstruction', 'future', 'truth'],
  );
  assert.ok(!markup.includes('<img src=x'));
  assert.ok(markup.includes('By an earlier checkpoint'));
});

test('pictures of another size than they say are refused', (t) => {
  const wrong = { ...row('input'), width: 3 };
  const pretext = { checkpoint: 'x', data: 'patches', examples: [{ id: 'a', rows: [wrong] }] };
  assert.throws(() => fakeRun(t, { 'pretext.json': pretext }), /^UsageError: .*pretext\.json: not as `lofi pretext`/);
});

test('the timeline has a curve of the prediction errors, as shares of the largest of the video', (t) => {
  const plain = fakeRun(t);
  const id = makeTimeline([plain], '/page').videos[0]!.id;
  const errors = { [id]: [1, 4, 2], constructor: [1] };
  const run = fakeRun(t, { 'prediction-errors.json': errors });
  const [first, second] = makeTimeline([run, plain], '/page').videos;
  assert.deepEqual(first!.errors, [[0.25, 1, 0.5], []]);
  assert.equal(second!.errors, undefined);
  assert.throws(
    () => fakeRun(t, { 'prediction-errors.json': { a: ['no'] } }),
    /^UsageError: .*prediction-errors\.json: not as/,
  );
});
