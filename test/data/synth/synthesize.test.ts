import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadClips } from '../../../src/data/clips.js';
import { loadDataset } from '../../../src/data/dataset.js';
import { synthesize, type SynthVideo } from '../../../src/data/synth/synthesize.js';
import { planVideo } from '../../../src/data/synth/scene.js';
import { randomStream } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';
import { findFfmpeg } from '../../../src/video/ffmpeg.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lofi-synth-'));
const recipe = { videos: 4, classes: 2, seed: 3, clipsPerClass: 4 };
const out = path.join(folder, 'a');

function datasetOf(root: string) {
  return JSON.parse(readFileSync(path.join(root, 'dataset.json'), 'utf8')) as {
    version: string;
    synthetic: unknown;
    database: Record<string, SynthVideo>;
  };
}

function countFrames(file: string): { frames: number; header: string } {
  const args = ['-hide_banner', '-i', `file:${file}`, '-f', 'null', '-stats', '-'];
  const { stderr } = spawnSync(findFfmpeg().path, args, { encoding: 'utf8' });
  return { frames: Number([...stderr.matchAll(/frame= *(\d+)/g)].pop()?.[1]), header: stderr };
}

function allFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}

describe('synthesize', () => {
  before(async () => {
    assert.deepEqual(await synthesize({ ...recipe, out }), { made: true });
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  test('writes an ActivityNet dataset whose numbers are those of the files', () => {
    const { database } = datasetOf(out);
    assert.deepEqual(Object.keys(database), ['synth_0000', 'synth_0001', 'synth_0002', 'synth_0003']);
    assert.deepEqual(
      Object.values(database).map((v) => v.subset),
      ['training', 'training', 'training', 'validation'],
    );
    for (const [id, video] of Object.entries(database)) {
      assert.equal(video.path, `videos/${id}.mp4`);
      const { frames, header } = countFrames(path.join(out, video.path));
      assert.equal(frames, video.frames);
      assert.match(header, new RegExp(`h264.* ${video.width}x${video.height}`));
      assert.match(header, new RegExp(` ${String(Number(video.fps.toFixed(2)))} fps`));
      assert.ok(Math.abs(video.duration - video.frames / video.fps) < 1e-5);
    }
  });

  test('labels the frames at which the plan has its actions', () => {
    Object.values(datasetOf(out).database).forEach(({ annotations, fps }, i) => {
      const names = ['move-left', 'move-right'] as const;
      const plan = planVideo(names[i % 2]!, names, randomStream(recipe.seed, 'video', i));
      const found = annotations.map(({ segment: [start, end], label }) => {
        for (const t of [start, end]) assert.ok(Math.abs(t * fps - Math.round(t * fps)) < 1e-4);
        return { start: Math.round(start * fps), end: Math.round(end * fps), label };
      });
      assert.deepEqual(found, plan.instances);
    });
  });

  test('lists trimmed clips of every class and of background', () => {
    const [head, ...rows] = readFileSync(path.join(out, 'clips.csv'), 'utf8').trim().split('\n');
    assert.equal(head, 'path,label,subset');
    const clips = rows.map((row) => row.split(','));
    assert.deepEqual(
      clips.map(([file]) => file!).sort(),
      allFiles(out).filter((file) => file.startsWith('clips/')),
    );
    for (const label of ['move-left', 'move-right', 'background']) {
      const own = clips.filter((clip) => clip[1] === label);
      assert.deepEqual(
        own.map((clip) => clip[2]),
        ['training', 'training', 'training', 'validation'],
      );
      for (const [file] of own) assert.equal(path.dirname(file!), `clips/${label}`);
    }
    const { frames } = countFrames(path.join(out, clips[0]![0]!));
    assert.ok(frames >= 1.7 * 12 && frames <= 2.5 * 25);
  });

  test('gives the same files for the same seed, byte for byte, and others for another', async () => {
    const [same, other] = [path.join(folder, 'b'), path.join(folder, 'c')];
    await synthesize({ ...recipe, out: same });
    await synthesize({ ...recipe, out: other, seed: 4 });
    assert.deepEqual(allFiles(same), allFiles(out));
    for (const file of allFiles(out))
      assert.ok(readFileSync(path.join(same, file)).equals(readFileSync(path.join(out, file))), file);
    assert.notDeepEqual(datasetOf(other).database, datasetOf(out).database);
  });

  test('leaves a finished dataset as it is and refuses any other folder that is not empty', async () => {
    let calls = 0;
    assert.deepEqual(await synthesize({ ...recipe, out, onProgress: () => calls++ }), { made: false });
    assert.equal(calls, 0);
    await assert.rejects(synthesize({ ...recipe, out, seed: 9 }), (error) => error instanceof UsageError);
    const mine = path.join(folder, 'mine');
    mkdirSync(mine);
    writeFileSync(path.join(mine, 'thesis.txt'), 'do not touch');
    await assert.rejects(synthesize({ ...recipe, out: mine }), /mine is not empty and holds something else/);
    await assert.rejects(synthesize({ ...recipe, out: path.join(mine, 'thesis.txt') }), /cannot write .*ENOTDIR/);
    await assert.rejects(synthesize({ ...recipe, out: path.join(mine, 'thesis.txt', 'x') }), /cannot write .*ENOTDIR/);
    assert.deepEqual(allFiles(mine), ['thesis.txt']);
  });

  test('is made once when two ask for it at the same time', async () => {
    const twice = { videos: 1, classes: 1, seed: 0, clipsPerClass: 1, out: path.join(folder, 'twice') };
    const results = await Promise.all([synthesize(twice), synthesize(twice)]);
    assert.deepEqual(results.map(({ made }) => made).sort(), [false, true]);
    assert.equal(allFiles(twice.out).length, 5);
    assert.ok(!readdirSync(folder).some((name) => name.startsWith('.twice')));
  });

  test('can be read as any dataset and list of clips', () => {
    const { videos, classes } = loadDataset(path.join(out, 'dataset.json'));
    assert.equal(videos.length, 4);
    assert.deepEqual(classes, ['move-left', 'move-right']);
    const clips = loadClips(path.join(out, 'clips.csv'));
    assert.equal(clips.length, 12);
    for (const { path: file } of [...videos, ...clips]) assert.ok(existsSync(file), file);
  });

  test('fills an empty folder, tells of progress, and leaves nothing behind when it fails', async () => {
    const empty = path.join(folder, 'empty');
    mkdirSync(empty);
    const small = { videos: 1, classes: 1, seed: 0, clipsPerClass: 1, out: empty };
    const before = readdirSync(folder).sort();
    const stop = () => {
      throw new RangeError('stop');
    };
    await assert.rejects(synthesize({ ...small, onProgress: stop }), /stop/);
    assert.deepEqual(readdirSync(empty), []);
    assert.deepEqual(readdirSync(folder).sort(), before);
    const told: number[][] = [];
    await synthesize({ ...small, onProgress: (...now) => told.push(now) });
    assert.deepEqual(
      told,
      [1, 2, 3].map((n) => [n, 3]),
    );
    assert.equal(datasetOf(empty).database['synth_0000']?.subset, 'training');
    assert.deepEqual(readdirSync(folder).sort(), before);
  });

  test('refuses numbers out of range in one line', async () => {
    const cases: [object, RegExp][] = [
      [{ videos: 0 }, /^videos: must be a whole number, 1 or more, not 0$/],
      [{ videos: 1.5 }, /^videos: must be .* not 1\.5$/],
      [{ classes: 9 }, /^classes: must be a whole number, 1-8, not 9$/],
      [{ seed: NaN }, /^seed: must be .* not NaN$/],
    ];
    for (const [bad, message] of cases)
      await assert.rejects(
        synthesize({ ...recipe, out: path.join(folder, 'never'), ...bad }),
        (error) => error instanceof UsageError && message.test(error.message),
      );
  });
});
