import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadDataset } from '../../../src/data/dataset.js';
import { testVideo } from '../../support/videos.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const videos = path.join(folder, 'videos');
mkdirSync(videos);
testVideo(path.join(videos, 'a.mp4'));
writeFileSync(path.join(videos, 'b.mp4'), 'text');

function prepare(csv: string, out: string, format = 'csv') {
  const annotations = path.join(folder, 'a.csv');
  writeFileSync(annotations, csv);
  const options = ['--format', format, '--annotations', annotations, '--videos', videos, '--out', out];
  return spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'prepare', ...options], {
    encoding: 'utf8',
  });
}

test('lofi prepare writes the dataset, marks bad videos and says so on stderr', () => {
  const out = path.join(folder, 'out', 'dataset.json');
  const csv = 'video,start,end,label,subset\na,0,1,run,\na,1,9,run,\nb,0,1,run,validation\nc,0,1,run,validation\n';
  const { status, stdout, stderr } = prepare(csv, out);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, `${out}\n`);
  assert.match(stderr, /^b: not a readable video: b\.mp4: /m);
  assert.match(stderr, /^c: missing/m);
  assert.match(stderr, /^a: "run" \[1, 9\] s clipped/m);
  assert.match(stderr, /^3 videos \(1 training, 2 validation\), 1 classes, 2 unusable$/m);
  assert.deepEqual(
    loadDataset(out).videos.map(({ id, problem }) => [id, problem === undefined]),
    [
      ['a', true],
      ['b', false],
      ['c', false],
    ],
  );
});

test('a wrong call ends with 2, one line, and no file', () => {
  const out = path.join(folder, 'none', 'dataset.json');
  for (const { status, stdout, stderr } of [
    prepare('video,start,end,label\na,0,one,run\n', out),
    prepare('video,start,end,label\n../a,0,1,run\n', out),
    prepare('', out, 'thumos'),
  ]) {
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
  assert.ok(!existsSync(path.dirname(out)));
  assert.deepEqual(readdirSync(videos), ['a.mp4', 'b.mp4']);
});

test('what comes from the annotations cannot write to the terminal or break a line', () => {
  const out = path.join(folder, 'hostile.json');
  const { status, stderr } = prepare('video,start,end,label,subset\n"x\ny\u001b[2J",2,1,"a\u001b[2J","s\nt"\n', out);
  assert.equal(status, 0, stderr);
  assert.deepEqual(stderr.trim().split('\n'), [
    'x?y?[2J: missing: no such video file',
    'x?y?[2J: "a\\u001b[2J" [2, 1] s dropped: its end is not after its start',
    '1 videos (1 s?t), 0 classes, 1 unusable',
  ]);
});
