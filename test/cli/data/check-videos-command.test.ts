import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { testVideo } from '../../support/videos.js';
import { lofi } from '../../support/lofi.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();

test('lofi check-videos lists what is wrong and ends with 1, or with 0 when all is well', async () => {
  const videos = path.join(folder, 'videos');
  mkdirSync(videos);
  const good = testVideo(path.join(videos, 'good.mp4'), { seconds: 0.4 });
  assert.deepEqual(await lofi(['check-videos', videos]), {
    code: 0,
    stdout: '1 videos: 1 ok (0 with a warning), 0 missing, 0 broken\n',
    stderr: '',
  });

  writeFileSync(path.join(videos, 'bad.mp4'), 'text');
  const human = await lofi(['check-videos', videos]);
  assert.equal(human.code, 1);
  assert.match(human.stdout, /^broken {3}bad\.mp4: .+\n2 videos: 1 ok \(0 with a warning\), 0 missing, 1 broken\n$/);

  const entry = { subset: 'training', duration: 0.4, fps: 25, frames: 10, width: 64, height: 48, annotations: [] };
  const database = { a: { ...entry, path: good }, b: { ...entry, path: good, fps: 5 }, c: { ...entry, path: 'c.mp4' } };
  const dataset = path.join(folder, 'dataset.json');
  writeFileSync(dataset, JSON.stringify({ version: '1', database }));
  const json = await lofi(['check-videos', dataset, '--json']);
  assert.equal(json.code, 1);
  assert.deepEqual(JSON.parse(json.stdout), {
    ok: 2,
    missing: [{ video: 'c', path: path.join(folder, 'c.mp4'), reason: 'no such file' }],
    broken: [],
    warnings: [{ video: 'b', path: good, reason: 'fps 25, the dataset says 5' }],
  });
});

test('a wrong call ends with 2 and one line', async () => {
  for (const args of [[], [path.join(folder, 'absent')], [folder, '--no-such-option']]) {
    const { code, stdout, stderr } = await lofi(['check-videos', ...args]);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, '');
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});
