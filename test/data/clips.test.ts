import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadClips } from '../../src/data/clips.js';
import { UsageError } from '../../src/system/errors.js';
import { missing, shared } from '../support/shared.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
const csv = path.join(folder, 'clips.csv');

test('paths are relative to the list, the subset is training unless said', () => {
  writeFileSync(csv, '\uFEFFpath,label,subset\n"a, b.mp4",run,\r\n\n/abs/c.mp4,"say ""hi""",validation\n');
  assert.deepEqual(loadClips(csv), [
    { path: path.join(folder, 'a, b.mp4'), label: 'run', subset: 'training' },
    { path: '/abs/c.mp4', label: 'say "hi"', subset: 'validation' },
  ]);
  writeFileSync(csv, 'path,label\na.mp4,run\n');
  assert.equal(loadClips(csv)[0]!.subset, 'training');
});

const wrong: [string, string, RegExp][] = [
  ['empty', '', /clips\.csv:1: empty/],
  ['no label column', 'path,class\na,b\n', /clips\.csv:1: no column "label"; the header must be path,label\[,subset\]/],
  ['an empty label', 'path,label\na,b\nc,\n', /clips\.csv:3: label is empty/],
  ['too few fields', 'path,label\na,b\nc\n', /clips\.csv:3: /],
  [
    'two subsets',
    'path,label,subset\na,b,\n./a,b,validation\n',
    /clips\.csv:3: \.\/a is in subset "validation" here and in "training"/,
  ],
  ['an open quote', 'path,label\na,"b\n', /clips\.csv:\d: /],
];
for (const [name, content, message] of wrong) {
  test(`refused: ${name}`, () => {
    writeFileSync(csv, content);
    assert.throws(
      () => loadClips(csv),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        assert.ok(!error.message.includes('\n'));
        return true;
      },
    );
  });
}

test('clips in a folder for each label, listed beside them, are found', () => {
  const home = path.join(folder, 'trimmed');
  const clips = ['serve', 'smash', 'f_volley'].flatMap((label, l) =>
    Array.from({ length: 12 }, (_, i) => ({
      path: path.join(home, label, `${label}${i + 1}.mp4`),
      label,
      subset: (i + l) % 4 === 0 ? 'validation' : 'training',
    })),
  );
  for (const clip of clips) {
    mkdirSync(path.dirname(clip.path), { recursive: true });
    writeFileSync(clip.path, '');
  }
  const rows = clips.map((clip) => `${path.relative(home, clip.path)},${clip.label},${clip.subset}`);
  writeFileSync(path.join(home, 'clips.csv'), `path,label,subset\n${rows.join('\n')}\n`);
  // The list is given by a relative path, as a user may give it.
  const loaded = loadClips(path.relative(process.cwd(), path.join(home, 'clips.csv')));
  assert.ok(loaded.every((clip) => existsSync(clip.path)));
  assert.deepEqual(
    loaded.map((clip) => ({ ...clip, path: path.resolve(clip.path) })),
    clips,
  );
});

const real = shared('data/trimmed_clips/clips.csv');
test('the real clips', { skip: missing(real) }, () => {
  const clips = loadClips(real);
  assert.equal(clips.length, 579);
  assert.ok(clips.every((clip) => existsSync(clip.path)));
});
