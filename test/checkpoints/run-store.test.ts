import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { encodeSafetensors } from '../../src/checkpoints/formats/safetensors.js';
import { RunStore } from '../../src/checkpoints/run-store.js';
import { hashTensors } from '../../src/checkpoints/formats/tensor.js';
import { randomStream, type Random } from '../../src/engine/random.js';
import { isDiskFull } from '../../src/system/files/disk.js';
import { WorkError } from '../../src/system/errors.js';
import { fillDisk } from '../support/full-disk.js';
import { captureStderr, checkpoint, tensorsOf } from '../support/checkpoints.js';
import { flippedBits } from '../support/mutations.js';
import { temporaryFolder } from '../support/temporary.js';

const metric = (step: number, value: number) => ({ metric: 'mAP', step, value });

/** A store of `joint` with checkpoints at these steps. */
function storeOf(t: TestContext, ...steps: number[]): { store: RunStore; folder: string } {
  const run = path.join(temporaryFolder(t), 'demo');
  const store = new RunStore(run);
  for (const step of steps) store.save('joint', checkpoint(step));
  return { store, folder: path.join(run, 'store', 'joint') };
}

/** Damages a file: cut off, with flipped bits, with a block of zeros or of another part, or extended. Null: no file. */
function damage(good: Buffer, random: Random): Buffer | null {
  const at = random.below(good.length);
  const bytes = Buffer.from(good);
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return flippedBits(good, good.length, random);
    case 2:
      // A block of zeros, as a file system may leave.
      return bytes.fill(0, at).equals(good) ? null : bytes;
    case 3: {
      const from = random.below(good.length);
      bytes.set(good.subarray(from, from + 16).subarray(0, good.length - at), at);
      return bytes.equals(good) ? null : bytes;
    }
    case 4:
      return Buffer.concat([good, Buffer.alloc(1 + random.below(100), random.below(256))]);
    default:
      return null;
  }
}

describe('RunStore', () => {
  it('gives back what was saved, tensors to the bit and state to the number', (t) => {
    const { store, folder } = storeOf(t);
    assert.equal(store.load('joint', 'latest'), null);
    const parent = store.save('pretrain', checkpoint(10));
    const given = checkpoint(20, {
      parents: [parent],
      inputs: { clips: { sha256: 'ab', says: '3 clips' } },
      classes: ['jump', 'wave'],
      best: metric(20, 0.5),
      state: { randoms: [[1, -2147483648]], x: 0.1 + 0.2 },
    });
    const saved = store.save('joint', given);
    const { manifest, tensors } = store.load('joint', 'latest')!;
    assert.deepEqual({ ...manifest, tensors }, { ...given, stage: 'joint', sha256: hashTensors(given.tensors) });
    assert.deepEqual(saved, { stage: 'joint', step: 20, sha256: manifest.sha256 });
    assert.deepEqual(readdirSync(folder).sort(), ['20.json', '20.safetensors', 'best', 'latest']);
    assert.equal(readFileSync(path.join(folder, 'latest'), 'utf8'), '20\n');
  });

  it('finds the newest, the best and any step', (t) => {
    const { store } = storeOf(t);
    store.save('joint', checkpoint(9, { best: metric(9, 0.4) }));
    store.save('joint', checkpoint(10, { best: metric(10, 0.6) }));
    store.save('joint', checkpoint(100, { best: metric(10, 0.6) }));
    assert.deepEqual(store.steps('joint'), [9, 10, 100]);
    const stepOf = (which: 'latest' | 'best' | number) => store.load('joint', which)?.manifest.step;
    assert.deepEqual([stepOf('latest'), stepOf('best'), stepOf(9), stepOf(11)], [100, 10, 9, undefined]);
  });

  it('takes the newest as the best where there is no metric', (t) => {
    const { store } = storeOf(t, 10, 20);
    assert.equal(store.load('joint', 'best')?.manifest.step, 20);
  });

  it('detects 200 seeded damages of the newest checkpoint and takes the one before', (t) => {
    const { store, folder } = storeOf(t, 10, 20);
    const run = store.runFolder;
    const stderr = captureStderr(t);
    for (let i = 0; i < 200; i++) {
      const random = randomStream(5, 'damage', i);
      const file = path.join(folder, i % 4 === 0 ? '20.json' : '20.safetensors');
      const good = readFileSync(file);
      const damaged = damage(good, random);
      if (damaged) writeFileSync(file, damaged);
      else rmSync(file);
      const { manifest, tensors } = new RunStore(run).load('joint', 'latest')!;
      assert.equal(manifest.step, 10, `damage ${i} went unnoticed`);
      assert.deepEqual(tensors, tensorsOf(10));
      // Without its manifest a checkpoint does not exist.
      const told = damaged === null && file.endsWith('json') ? [] : [`damaged: ${file}\n`];
      assert.deepEqual(stderr.splice(0), told);
      writeFileSync(file, good);
    }
    assert.equal(new RunStore(run).load('joint', 'latest')!.manifest.step, 20);
    assert.deepEqual(stderr, []);
  });

  it('passes over a checkpoint with a tensor that is not finite, however well it is sealed', (t) => {
    const { store, folder } = storeOf(t, 10);
    const tensors = tensorsOf(20);
    (tensors.get('layer1.0.conv1.weight')!.data as Float32Array)[5] = NaN;
    store.save('joint', checkpoint(20, { tensors }));
    const stderr = captureStderr(t);
    assert.equal(store.load('joint', 'latest')!.manifest.step, 10);
    const file = path.join(folder, '20.safetensors');
    assert.deepEqual(stderr, [
      `damaged: ${file}: tensor "layer1.0.conv1.weight" is not finite: its value number 6 is NaN\n`,
    ]);
  });

  it('detects every single bit flip of a manifest', (t) => {
    const { store, folder } = storeOf(t, 10);
    const file = path.join(folder, '10.json');
    const good = readFileSync(file);
    captureStderr(t);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const flipped = Buffer.from(good);
      flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
      writeFileSync(file, flipped);
      assert.equal(store.manifest('joint'), null, `bit ${bit}`);
    }
  });

  it('names a damaged one once, and gives null when none verifies', (t) => {
    const { store, folder } = storeOf(t, 10, 20);
    const stderr = captureStderr(t);
    rmSync(path.join(folder, '10.safetensors'));
    writeFileSync(path.join(folder, '20.safetensors'), 'no tensors');
    assert.equal(store.load('joint', 'latest'), null);
    assert.equal(store.load('joint', 'best'), null);
    assert.equal(stderr.length, 2);
  });

  it('does not take a checkpoint of another step or stage for its own', (t) => {
    const { store, folder } = storeOf(t, 10, 20);
    const stderr = captureStderr(t);
    const other = (step: number, extension: string) => readFileSync(path.join(folder, `${step}.${extension}`));
    writeFileSync(path.join(folder, '30.json'), other(10, 'json'));
    writeFileSync(path.join(folder, '30.safetensors'), other(10, 'safetensors'));
    writeFileSync(path.join(folder, '20.safetensors'), other(10, 'safetensors'));
    assert.equal(store.load('joint', 'latest')!.manifest.step, 10);
    assert.deepEqual(
      stderr.map((line) => path.basename(line.trim())),
      ['30.json', '20.safetensors'],
    );
  });

  it('does not see a checkpoint whose manifest was not written, and clears it away', (t) => {
    const { store, folder } = storeOf(t, 10);
    writeFileSync(path.join(folder, '20.safetensors'), Buffer.concat(encodeSafetensors(tensorsOf(20))));
    writeFileSync(path.join(folder, '.20.json.0123abcd.tmp'), '{');
    const stderr = captureStderr(t);
    assert.equal(store.load('joint', 'latest')!.manifest.step, 10);
    store.prune('joint', { keepLast: 5 });
    assert.deepEqual(readdirSync(folder).sort(), ['10.json', '10.safetensors', 'latest']);
    assert.deepEqual(stderr, []);
  });

  it('keeps the old checkpoints when a write fails', (t) => {
    const { store, folder } = storeOf(t, 10);
    // A folder in the file's place makes the rename fail like a full disk, whoever runs the test.
    mkdirSync(path.join(folder, '20.safetensors', 'x'), { recursive: true });
    assert.throws(
      () => store.save('joint', checkpoint(20)),
      (error: unknown) => {
        assert(error instanceof WorkError);
        assert.match(error.message, /^checkpoint not written: .*20\.safetensors \(.*\); earlier checkpoints are kept$/);
        return true;
      },
    );
    assert.deepEqual(store.load('joint', 'latest')!.tensors, tensorsOf(10));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  for (const told of [true, false]) {
    it(`a full disk costs no checkpoint, and leaves nothing half: ${told ? 'asked' : 'not asked'} beforehand`, (t) => {
      const { store, folder } = storeOf(t, 10);
      const before = readdirSync(folder).sort();
      let full = true;
      fillDisk(t, () => full, { told });
      for (const step of [20, 10]) {
        const changed = checkpoint(step, { tensors: tensorsOf(21) });
        assert.throws(
          () => store.save('joint', changed),
          (error) => error instanceof WorkError && isDiskFull(error) && error.message.includes('ENOSPC'),
        );
        if (step === 20) assert.deepEqual(readdirSync(folder).sort(), before);
        if (step === 20) assert.deepEqual(store.load('joint', 'latest')!.tensors, tensorsOf(10));
      }
      full = false;
      store.save('joint', checkpoint(20));
      assert.deepEqual(store.load('joint', 'latest')!.tensors, tensorsOf(20));
    });
  }

  it('replaces one of the same step: the manifest alone where the tensors are the same', (t) => {
    const { store, folder } = storeOf(t, 10);
    const file = path.join(folder, '10.safetensors');
    const { mtimeMs } = statSync(file);
    store.save('joint', checkpoint(10, { finished: true }));
    assert.equal(statSync(file).mtimeMs, mtimeMs);
    assert.ok(store.load('joint', 'latest')!.manifest.finished);
    store.save('joint', checkpoint(10, { tensors: tensorsOf(11) }));
    assert.deepEqual(store.load('joint', 'latest')!.tensors, tensorsOf(11));
  });

  it('refuses a state that JSON would change, and leaves nothing', (t) => {
    const { store } = storeOf(t);
    assert.throws(() => store.save('joint', checkpoint(10, { state: { loss: [NaN] } })), /NaN/);
    assert.throws(() => store.save('joint', checkpoint(10, { best: metric(10, -Infinity) })), /value is -Infinity/);
    assert.deepEqual(store.steps('joint'), []);
    assert.equal(store.load('joint', 'latest'), null);
  });

  it('prunes to the last few, the multiples and the best', (t) => {
    const { store } = storeOf(t);
    for (let step = 10; step <= 90; step += 10) store.save('joint', checkpoint(step, { best: metric(20, 0.7) }));
    store.prune('joint', { keepLast: 2, keepEvery: 30 });
    assert.deepEqual(store.steps('joint'), [20, 30, 60, 80, 90]);
    store.prune('joint', { keepLast: 1 });
    assert.deepEqual(store.steps('joint'), [20, 90]);
    assert.equal(store.load('joint', 'best')!.manifest.step, 20);
  });

  it('never prunes the newest that verifies', (t) => {
    const { store, folder } = storeOf(t, 10, 20, 30, 40);
    captureStderr(t);
    for (const step of [30, 40]) truncateSync(path.join(folder, `${step}.safetensors`), 100);
    store.prune('joint', { keepLast: 1 });
    assert.deepEqual(store.steps('joint'), [20, 40]);
    assert.equal(store.load('joint', 'latest')!.manifest.step, 20);
  });

  it('goes back to a step: what came after is gone, the pointers too', (t) => {
    const { store, folder } = storeOf(t);
    store.save('joint', checkpoint(10, { best: metric(10, 0.3) }));
    store.save('joint', checkpoint(20, { best: metric(20, 0.6) }));
    store.discardAfter('joint', 10);
    assert.deepEqual(store.steps('joint'), [10]);
    assert.equal(store.load('joint', 'best')!.manifest.step, 10);
    assert.equal(readFileSync(path.join(folder, 'best'), 'utf8'), '10\n');
    store.discardAfter('joint', -1);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is finished only with the last checkpoint whole', (t) => {
    const { store, folder } = storeOf(t, 10);
    assert.equal(store.finished('joint'), null);
    const last = store.save('joint', checkpoint(20, { finished: true }));
    assert.deepEqual(store.finished('joint'), last);
    assert.equal(store.finished('head'), null);
    captureStderr(t);
    truncateSync(path.join(folder, '20.safetensors'), 10);
    assert.equal(store.finished('joint'), null);
  });

  it('works after the run folder was moved', (t) => {
    const { store } = storeOf(t, 10);
    const parent = store.save('joint', checkpoint(20));
    store.save('head', checkpoint(5, { parents: [parent] }));
    const moved = path.join(temporaryFolder(t), 'elsewhere');
    renameSync(store.runFolder, moved);
    const after = new RunStore(moved);
    const { manifest } = after.load('head', 'latest')!;
    assert.deepEqual(manifest.parents, [parent]);
    assert.equal(after.load(parent.stage, parent.step)!.manifest.sha256, parent.sha256);
    for (const name of readdirSync(path.join(moved, 'store', 'joint')).filter((file) => !file.endsWith('tensors')))
      assert(!readFileSync(path.join(moved, 'store', 'joint', name), 'utf8').includes(store.runFolder));
  });
});
