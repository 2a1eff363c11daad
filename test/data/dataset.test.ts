import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadDataset, saveDataset, toDataset, videosOf, type Video } from '../../src/data/dataset.js';
import { UsageError } from '../../src/system/errors.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();

function video(id: string, rest: Partial<Video> = {}): Video {
  const instances = [{ start: 0.5, end: 2.25, label: 'run' }];
  const file = path.join(folder, 'set', 'videos', `${id}.mp4`);
  return {
    id,
    subset: 'training',
    path: file,
    duration: 4,
    fps: 25,
    frames: 100,
    width: 64,
    height: 48,
    instances,
    ...rest,
  };
}

test('a dataset comes back as it was saved', () => {
  const dataset = toDataset([
    video('b'),
    video('a', { subset: 'validation', instances: [{ start: 0, end: 1, label: 'Jump' }], path: '/elsewhere/a.mp4' }),
    video('gone', { duration: 0, fps: 0, frames: 0, width: 0, height: 0, problem: 'missing' }),
    video('constructor', { instances: [] }),
    video('__proto__', { seek: { start: -0.04, gap: 250 }, warnings: ['"run" [1, 1] s dropped'] }),
  ]);
  const file = path.join(folder, 'set', 'dataset.json');
  saveDataset(file, dataset);
  assert.deepEqual(loadDataset(file), dataset);
  assert.deepEqual(dataset.classes, ['Jump', 'run']);
  assert.deepEqual(
    videosOf(dataset, 'training').map(({ id }) => id),
    ['b', 'gone', 'constructor', '__proto__'],
  );
});

test('paths below the folder move with it', () => {
  const file = path.join(folder, 'set', 'moving.json');
  saveDataset(file, toDataset([video('b')]));
  assert.ok(!readFileSync(file, 'utf8').includes(folder));
  mkdirSync(path.join(folder, 'new'));
  renameSync(file, path.join(folder, 'new', 'moving.json'));
  const moved = loadDataset(path.join(folder, 'new', 'moving.json'));
  assert.equal(moved.videos[0]!.path, path.join(folder, 'new', 'videos', 'b.mp4'));
});

const good = {
  subset: 'training',
  duration: 4,
  fps: 25,
  frames: 100,
  width: 64,
  height: 48,
  path: 'a.mp4',
  annotations: [],
};
const wrong: [string, unknown, RegExp][] = [
  ['not JSON', '{', /is not JSON/],
  ['no database', {}, /:1: version: /],
  ['a database of text', { version: '1', database: 'v_1' }, /:1: database: expected an object/],
  ['a list', [], /expected object/],
  ['a video of text', { version: '1', database: { v_1: 'a.mp4' } }, /:1: database\.v_1: /],
  ['no path', { ...good, path: undefined }, /: database\.v_1\.path: /],
  ['frames of text', { ...good, frames: '100' }, /: database\.v_1\.frames: /],
  ['no frames, no problem', { ...good, frames: 0 }, /: database\.v_1\.frames: must be above 0/],
  ['frames without end', { ...good, frames: Number.MAX_SAFE_INTEGER }, /: database\.v_1\.frames: .*<=10000000/],
  ['a width without end', { ...good, width: 1e9 }, /: database\.v_1\.width: /],
  ['a duration without end', { ...good, duration: 1e300 }, /: database\.v_1\.duration: /],
  ['a frame rate near 0', { ...good, fps: 1e-300 }, /: database\.v_1\.fps: must be at least 0\.001/],
  ['backwards', { ...good, annotations: [{ segment: [3, 1], label: 'x' }] }, /annotations\[0\]\.segment: must be/],
  ['no label', { ...good, annotations: [{ segment: [0, 1], label: '' }] }, /annotations\[0\]\.label: /],
  ['seeks that count half frames', { ...good, seek: { start: 0, gap: 2.5 } }, /database\.v_1\.seek\.gap: /],
  ['half a segment', { ...good, annotations: [{ segment: [0], label: 'x' }] }, /annotations\[0\]\.segment/],
];
for (const [name, content, message] of wrong) {
  test(`refused: ${name}`, () => {
    const file = path.join(folder, 'wrong.json');
    const whole = typeof content === 'object' && content !== null && 'subset' in content;
    const json = whole ? { version: '1', database: { v_1: content } } : content;
    writeFileSync(file, typeof json === 'string' ? json : JSON.stringify(json));
    assert.throws(
      () => loadDataset(file),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        assert.ok(error.message.includes(file) && !error.message.includes('\n'));
        return true;
      },
    );
  });
}

test('errors name the line, fields that are not ours are left alone', () => {
  const file = path.join(folder, 'lines.json');
  const database = { a: { ...good, scene: '01' }, b: { ...good, annotations: [{ segment: [2, 1], label: 'x' }] } };
  const text = JSON.stringify({ version: '1', licence: 'none', database }, null, 1);
  writeFileSync(file, text);
  const line = text.slice(0, text.lastIndexOf('"segment"')).split('\n').length;
  assert.throws(() => loadDataset(file), {
    message: `${file}:${line}: database.b.annotations[0].segment: must be [start, end] with 0 <= start < end (seconds)`,
  });
  writeFileSync(file, text.replace('2,', '0,'));
  assert.equal(loadDataset(file).videos.length, 2);
});

test('the example of docs/datasets.md is a dataset file, and its error is what is said', () => {
  const page = readFileSync(new URL('../../docs/datasets.md', import.meta.url), 'utf8');
  const example = /```json\n(\{\n {2}"version": "lofi-tal[^`]*)```/.exec(page)![1]!;
  const file = path.join(folder, 'example.json');
  writeFileSync(file, example);
  const dataset = loadDataset(file);
  assert.equal(dataset.videos[0]!.path, path.join(folder, 'videos', 'match1.mp4'));
  saveDataset(file, dataset);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(example));
  writeFileSync(file, example.replace('[12.4, 17.9]', '[17.9, 12.4]'));
  const said = /^dataset\.json(:\d+: database\.match1.*)$/m.exec(page)![1]!;
  assert.throws(() => loadDataset(file), { message: file + said });
});

test('a missing file is the caller’s mistake', () => {
  assert.throws(() => loadDataset(path.join(folder, 'none.json')), UsageError);
});
