import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { readDetections, readGroundTruth, readPredictions } from '../../src/evaluation/result-files.js';
import { UsageError } from '../../src/system/errors.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-files-'));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('readPredictions', () => {
  it('reads the NaN and Infinity that Python writes, and leaves such words in text alone', () => {
    const row = (score: string) => `{"segment": [0, 1], "score": ${score}, "label": "NaN"}`;
    const file = write(`{"results": {"NaN \\" NaN": [${row('NaN')}, ${row('-Infinity')}, ${row('null')}]}}`);
    const detections = readPredictions(file).results['NaN " NaN']!;
    assert.deepEqual(
      detections.map(({ score }) => score),
      [NaN, -Infinity, NaN],
    );
    assert.deepEqual(detections[0], { segment: [0, 1], score: Number.NaN, label: 'NaN' });
  });

  it('needs labels only where they are used', () => {
    const file = write('{"results": {"v": [{"segment": [0, 1], "score": 1}]}}');
    assert.equal(readPredictions(file, { labels: false }).results.v![0]!.label, '');
    assert.throws(() => readPredictions(file), says(/results\.v\[0\]\.label must be text/));
  });

  for (const [text, message] of [
    ['{\n"results": {\n}', /:3: /],
    ['[]', /"results"/],
    ['{"results": {"v": 1}}', /results\.v must be a list/],
    ['{"results": {"v": [null]}}', /results\.v\[0\] must be an object/],
    ['{"results": {"v": [{"segment": [1], "score": 1, "label": "a"}]}}', /results\.v\[0\]\.segment must be two/],
    ['{"results": {"v": [{"segment": [1, "2"], "score": 1, "label": "a"}]}}', /segment\[1\] must be a number/],
    ['{"results": {"v": [{"segment": [1, 2], "label": "a"}]}}', /results\.v\[0\]\.score must be a number/],
    [
      '{"results": {"v": [\n{"segment": [null, 2]}]}}',
      /:2: results\.v\[0\]\.segment\[0\] must be a finite number of s/,
    ],
    ['{"results": {"v": [{"segment": [1, NaN]}]}}', /results\.v\[0\]\.segment\[1\] must be a finite number/],
    ['{"results": {"v": [{"segment": [1, Infinity]}]}}', /segment\[1\] must be a finite number/],
    ['{"results": {"v": [{"segment": [-1e999, 1]}]}}', /segment\[0\] must be a finite number/],
  ] as const) {
    it(`says what is wrong with ${JSON.stringify(text)}`, () => {
      assert.throws(() => readPredictions(write(text)), says(message));
    });
  }
});

describe('readDetections', () => {
  const row = (score: number, label = 'a') => `{"segment": [1, 2], "score": ${score}, "label": "${label}", "x": [{}]}`;

  it('keeps the order of the file, which decides between ties, also of ids that look like numbers', () => {
    const columns = readDetections(write(`{"version": "1", "results": {"b": [], "9": [${row(1)}], "8": [${row(2)}]}}`));
    assert.deepEqual(columns.videos, ['b', '9', '8']);
    assert.deepEqual([...columns.video], [1, 2]);
    assert.deepEqual([...columns.score], [1, 2]);
  });

  it('takes the last of repeated keys at the place of the first, as Python does', () => {
    const twice = `{"results": {"b": [${row(1)}, ${row(2)}], "a": [${row(3, 'c')}], "b": [${row(4)}]}}`;
    const { videos, labels, ...columns } = readDetections(write(twice));
    assert.deepEqual(videos, ['b', 'a']);
    assert.deepEqual(
      [columns.count, [...columns.score], [...columns.video], Array.from(columns.label, (i) => labels[i])],
      [2, [4, 3], [0, 1], ['a', 'c']],
    );
    assert.equal(readDetections(write(`{"results": {"b": [${row(1)}]}, "results": {}}`)).count, 0);
  });

  it('grows, and names file and line of what is wrong far in', () => {
    const many = Array.from({ length: 5000 }, (_, i) => row(i, `label ${i % 7}`));
    const { score, label, labels } = readDetections(write(`{"results": {"v":\n[${many.join(',\n')}]}}`));
    assert.ok(score.every((value, i) => value === i));
    assert.ok(label.every((index, i) => labels[index] === `label ${i % 7}`));
    const wrong = `{"results": {"v":\n[${many.join(',\n')},\n{"segment": [1, 2],\n"label": "a"}]}}`;
    assert.throws(
      () => readDetections(write(wrong)),
      says(/file\.json:5002: results\.v\[5000\]\.score must be a number/),
    );
  });
});

describe('readGroundTruth', () => {
  it('keeps what the evaluator needs; a video may lack annotations', () => {
    const file = write('{"database": {"v": {"subset": "test", "duration": 3, "url": "x"}}}');
    assert.deepEqual(readGroundTruth(file), { database: { v: { subset: 'test', duration: 3, annotations: [] } } });
  });

  it('takes null for no annotations', () => {
    const file = write('{"database": {"v": {"subset": "test", "duration": null, "annotations": null}}}');
    assert.deepEqual(readGroundTruth(file), { database: { v: { subset: 'test', annotations: [] } } });
  });

  for (const [text, message] of [
    ['{"database": {"v": []}}', /file\.json:1: database\.v must be an object/],
    ['{"database": {"v": {}}}', /database\.v\.subset must be text/],
    [
      '{"database": {"v": {"annotations": [{"segment": [0, null]}]}}}',
      /annotations\[0\]\.segment\[1\] must be a finite/,
    ],
    ['{"database": {"v": {"subset": "t", "annotations": {}}}}', /database\.v\.annotations must be a list/],
    ['{"database": {"v": {"subset": "t", "annotations": [{"segment": [0, 1]}]}}}', /annotations\[0\]\.label/],
  ] as const) {
    it(`says what is wrong with ${text}`, () => {
      assert.throws(() => readGroundTruth(write(text)), says(message));
    });
  }

  it('says which file is missing', () => {
    assert.throws(() => readGroundTruth(path.join(folder, 'none.json')), says(/none\.json \(ENOENT\)/));
  });
});

function write(text: string): string {
  const file = path.join(folder, 'file.json');
  writeFileSync(file, text);
  return file;
}

function says(message: RegExp) {
  return (error: unknown) =>
    error instanceof UsageError && message.test(error.message) && !error.message.includes('\n');
}
