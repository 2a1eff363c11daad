import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadClips } from '../../../src/data/clips.js';
import { loadDataset, saveDataset, toDataset } from '../../../src/data/dataset.js';
import { readAnnotations } from '../../../src/data/annotations/read-annotations.js';
import { mendInstances } from '../../../src/data/annotations/mend.js';
import { randomStream, type Random } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const mutations = 200;

const annotations = [
  { segment: [1.5, 60.25], label: 'Ballet' },
  { segment: [3, 4], label: 'Ballet' },
];
const video = { duration: 70.71, subset: 'training', url: 'https://x.y/z', annotations };
const official = { version: '1.3', taxonomy: [{ nodeName: 'Root' }], database: { a: video, '-b': video, c: video } };
const bsn = { duration_second: 70.71, duration_frame: 2121, annotations, feature_frame: 2112 };
const measured = { ...video, fps: 30, frames: 2121, width: 320, height: 240, path: 'a.mp4' };
const table = 'video,type,type_idx,start,end,startFrame,endFrame\n';

/** The files that are mutated, and how they are read. */
const cases: Record<string, { name: string; good: unknown; read: (file: string) => number }> = {
  ActivityNet: { name: 'official.json', good: official, read: annotationsAs('activitynet') },
  BSN: { name: 'anet_anno_action.json', good: { v_a: bsn, v_b: bsn }, read: annotationsAs('activitynet') },
  'BSN’s splits': {
    name: 'video_info_new.csv',
    good: 'video,numFrame,subset\nv_a,2121,training\nv_b,2121,validation\n',
    read: (file) => {
      writeFileSync(path.join(path.dirname(file), 'splits.json'), JSON.stringify({ v_a: bsn }));
      return annotationsAs('activitynet')(path.join(path.dirname(file), 'splits.json'));
    },
  },
  THUMOS14: {
    name: 'thumos.json',
    good: { version: 'Thumos14-30fps', database: { video_test_0000004: { ...video, subset: 'Test', fps: 30 } } },
    read: annotationsAs('thumos'),
  },
  'G-TAD’s table': {
    name: 'test_Annotation.csv',
    good:
      `${table}video_test_0000004,CricketBowling,23,0.2,1.1,6,33\n` +
      'video_validation_0000051,Billiards,12,67.5,75.9,1,2\n',
    read: annotationsAs('gtad'),
  },
  HACS: {
    name: 'hacs.json',
    good: { database: { a: { ...video, duration: '92.166667' } } },
    read: annotationsAs('hacs'),
  },
  CSV: {
    name: 'own.csv',
    good: 'video,start,end,label,subset\na.mp4,1.5,00:01:02.250,"Jump, ""high""",validation\nb,1:02,2:03,run,\n',
    read: annotationsAs('csv'),
  },
  'dataset file': {
    name: 'dataset.json',
    good: {
      version: '1',
      database: { a: measured, b: { ...measured, problem: 'missing', seek: { start: 0, gap: 9 } } },
    },
    read: (file) => loadDataset(file).videos.length,
  },
  clips: {
    name: 'clips.csv',
    good: 'path,label,subset\na.mp4,run,training\n"b, c.mp4","say ""hi""",validation\n',
    read: (file) => loadClips(file).length,
  },
};

/**
 * Reads annotations, and checks that what was read can be corrected, written as a dataset and read again.
 * Returns the number of videos.
 */
function annotationsAs(format: string): (file: string) => number {
  return (file) => {
    const videos = readAnnotations(format, file).map(({ id, subset, duration = 0, instances }) => {
      const unmeasured = {
        fps: 0,
        frames: 0,
        width: 0,
        height: 0,
        path: path.join(folder, 'x.mp4'),
        problem: 'missing',
      };
      return { id, subset, duration, ...unmeasured, instances: mendInstances(instances, duration).instances };
    });
    const out = path.join(folder, 'saved', 'dataset.json');
    saveDataset(out, toDataset(videos));
    assert.deepEqual(new Set(loadDataset(out).videos), new Set(videos));
    return videos.length;
  };
}

// prettier-ignore
const hostile: readonly unknown[] = [
  null, true, '', ' ', 'x\ny\u001b[2J\u2028', '__proto__', 'constructor', 'a'.repeat(10_000), -1, 0, -0, 1e308, -1e308,
  5e-324, 1e21, [], {}, [[]], [1], [2, 1], [-5, -3], ['0', '1'], { segment: [0, 1] }, 'NaN', '1e999',
  '../../etc/passwd',
];

/** Texts that break tables and numbers, inserted as they are. */
const raw = [
  'NaN',
  'Infinity',
  '1e999',
  '-7',
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  '\0',
  '\uFEFF',
  '{',
  '}',
  '[',
  ']',
  ':',
  '\\',
  '\\u',
  '99:99',
  'é',
];

/** A copy in which something, at any depth, is dropped, replaced, repeated or renamed. */
function mutateTree(tree: unknown, random: Random): unknown {
  if (typeof tree !== 'object' || tree === null || random.uniform() < 0.15) return random.pick(hostile);
  const entries = Object.entries(tree) as [string, unknown][];
  if (entries.length === 0) return random.pick(hostile);
  const at = random.below(entries.length);
  const [key, value] = entries[at]!;
  const choice = random.uniform();
  if (choice < 0.12) entries.splice(at, 1);
  else if (choice < 0.24) entries[at] = [random.pick(['__proto__', 'constructor', 'toString', '', '7', 'a\nb']), value];
  else entries[at] = [key, mutateTree(value, random)];
  return Array.isArray(tree) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

/** A copy with a few bytes flipped, cut out or inserted. */
function mutateBytes(bytes: Buffer, random: Random): Buffer {
  let mutated = Buffer.from(bytes);
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(mutated.length + 1);
    const choice = random.below(4);
    if (choice === 0 && at < mutated.length) mutated[at]! ^= 1 << random.below(8);
    else if (choice === 1) mutated = mutated.subarray(0, at);
    else {
      const put = choice === 2 ? random.pick(raw) : '';
      const left = mutated.subarray(at + random.below(6));
      mutated = Buffer.concat([mutated.subarray(0, at), Buffer.from(put), left]);
    }
  }
  return mutated;
}

for (const [name, { name: fileName, good, read }] of Object.entries(cases)) {
  test(`${name}: ${mutations} seeded mutations are each read, or refused in a line`, () => {
    const file = path.join(folder, fileName);
    const splits = path.join(folder, 'video_info_new.csv');
    writeFileSync(splits, 'video,subset\nv_a,training\nv_b,validation\n');
    const text = (content: unknown) => (typeof content === 'string' ? content : JSON.stringify(content, null, 1));
    writeFileSync(file, text(good));
    assert.ok(read(file) > 0);

    let refused = 0;
    for (let i = 0; i < mutations; i++) {
      const random = randomStream(1, 'fuzz', name, i);
      const tree = typeof good !== 'string' && random.uniform() < 0.6;
      const mutated = tree ? text(mutateTree(good, random)) : mutateBytes(Buffer.from(text(good)), random);
      writeFileSync(file, mutated);
      try {
        read(file);
      } catch (error) {
        const input = `mutation ${i}: ${String(mutated).slice(0, 2000)}`;
        assert.ok(error instanceof UsageError, `${input}\n${String((error as Error).stack)}`);
        assert.match(error.message, /^[^\p{Cc}\u2028\u2029]{10,700}$/u, input);
        refused++;
      }
    }
    assert.ok(refused > mutations / 10 && refused < mutations, `${refused} of ${mutations} were refused`);
  });
}

test('deep nesting and many keys are refused or read, without a crash', () => {
  const file = path.join(folder, 'deep.json');
  const deep = '['.repeat(300_000) + ']'.repeat(300_000);
  for (const content of [deep, `{"database":${deep}}`, `{"database":{"a":{"subset":"x","annotations":${deep}}}}`]) {
    writeFileSync(file, content);
    assert.throws(() => readAnnotations('activitynet', file), UsageError);
  }
  writeFileSync(file, `{"database":{"a":{"subset":"x","extra":${deep}}}}`);
  assert.equal(readAnnotations('activitynet', file).length, 1);
});
