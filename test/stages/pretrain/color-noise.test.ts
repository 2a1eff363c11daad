import assert from 'node:assert/strict';
import path from 'node:path';
import { before, test } from 'node:test';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { configSchema, type Config } from '../../../src/config/schema.js';
import type { ColorTransform } from '../../../src/data/frames/color.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { colorOffsets, colorParameters, measureColors } from '../../../src/stages/pretrain/color-noise.js';
import { pretrain } from '../../../src/stages/pretrain/pretrain-stage.js';
import { stage1Clips } from '../../../src/stages/pretrain/stage1-clips.js';
import { withRun, type Run } from '../../../src/stages/run/run.js';
import { WorkError } from '../../../src/system/errors.js';
import { done } from '../../support/done.js';
import { assertClose } from '../../support/numeric.js';
import { temporaryFolder } from '../../support/temporary.js';

const root = temporaryFolder();
const folder = (name: string) => path.join(root, name);

before(async () => {
  await synthesize({ out: folder('data'), videos: 4, classes: 2, clipsPerClass: 4, seed: 1 });
});

function config(options: object, data: object = {}): Config {
  return configSchema.parse({
    data: { root: folder('data'), dataset: 'dataset.json', clips: 'clips.csv', ...data },
    encoder: { width: 4, frames: 4, stride: 3 },
    pretrain: { epochs: 2, batch: 4, size: 32, lr: 0.02, lrSteps: [], pcaColor: {}, ...options },
  });
}

const train = (name: string, options: Config, change: (run: Run) => Run = (run) => run) =>
  withRun(folder(name), options, {}, (run) => done(pretrain, change(run)));
const tensors = (name: string) => new RunStore(folder(name)).load('pretrain', 'latest')!.tensors;

/** The run with a loader that notes the colours of each request, and gives out after so many. */
const noting =
  (colors: (ColorTransform | undefined)[], most = Infinity) =>
  (run: Run): Run => {
    const load: Run['frames']['load'] = (request) => {
      colors.push(request.color);
      return colors.length > most ? Promise.reject(new Error('power cut')) : run.frames.load(request);
    };
    return { ...run, frames: { ...run.frames, load } };
  };

test('interrupted, it ends as if it never had been, to the bit, and measures no colours again', async () => {
  const options = config({ ema: 0.9, microBatch: 3 });
  const seen: (ColorTransform | undefined)[] = [];
  const whole = await train('whole', options, noting(seen));
  // 9 training clips are measured, then seen twice; 3 are validated twice.
  assert.equal(seen.length, 9 + 2 * (9 + 3));
  await assert.rejects(train('cut', options, noting([], 9 + 9 + 3 + 5)), /power cut/);
  const again: (ColorTransform | undefined)[] = [];
  assert.deepEqual(await train('cut', options, noting(again)), whole);
  assert.equal(again.filter((color) => color === undefined).length, 3);
  for (const name of ['colors.components', 'colors.variances'])
    assert.deepEqual(tensors('cut').get(name)!.data, tensors('whole').get(name)!.data);
  assert.ok((tensors('whole').get('colors.variances')!.data as Float32Array).every((variance) => variance > 0));
  // What is measured is no weight: nothing else of the checkpoint says anything of it.
  assert.ok(![...tensors('whole').keys()].some((name) => name.startsWith('optimizer.colors')));
});

test('every sample in training has an offset of its own, none in validation or in the last epochs', async () => {
  const seen: (ColorTransform | undefined)[] = [];
  await train('last', config({ epochs: 3, pcaColor: { lastEpochs: 1 } }), noting(seen));
  const [measuring, ...rest] = [
    seen.slice(0, 9),
    ...[0, 1, 2].map((epoch) => seen.slice(9 + 12 * epoch, 21 + 12 * epoch)),
  ];
  assert.ok(measuring.every((color) => color === undefined));
  const noisy = rest.map((epoch) => epoch.filter((color) => color !== undefined));
  assert.deepEqual(
    noisy.map(({ length }) => length),
    [9, 9, 0],
  );
  const offsets = noisy.flat().map((color) => [3, 7, 11].map((i) => color[i]!));
  assert.equal(new Set(offsets.map(String)).size, 18);
  // Nothing but the offset changes.
  for (const color of noisy.flat())
    assert.deepEqual(
      color.filter((_, i) => i % 4 !== 3),
      [1, 0, 0, 0, 1, 0, 0, 0, 1],
    );
});

test('without it nothing is measured, stored or drawn', async () => {
  const seen: (ColorTransform | undefined)[] = [];
  await train('without', config({ pcaColor: null }), noting(seen));
  assert.equal(seen.length, 2 * (9 + 3));
  assert.ok(seen.every((color) => color === undefined));
  assert.ok(![...tensors('without').keys()].some((name) => name.startsWith('colors')));
  assert.notDeepEqual(
    tensors('without').get('encoder.conv1.weight')!.data,
    tensors('whole').get('encoder.conv1.weight')!.data,
  );
});

test('components are those of the frames that are read, and draws go by what is stored', async () => {
  const options = config({});
  await withRun(folder('measured'), options, {}, async (run) => {
    const { training } = await stage1Clips(run);
    // Red and green are the same, and blue is always 255.
    const load: Run['frames']['load'] = ({ indices, crop }) =>
      Promise.resolve(
        Uint8Array.from({ length: indices.length * crop.width * crop.height * 3 }, (_, i) =>
          i % 3 === 2 ? 255 : Math.floor(i / 3) % 2 === 0 ? 0 : 255,
        ),
      );
    using parameters = colorParameters();
    await measureColors({ ...run, frames: { ...run.frames, load } }, training, parameters);
    const [first] = [[...parameters.get('components').dataSync()].slice(0, 3)];
    assertClose(first.map(Math.abs), [Math.SQRT1_2, Math.SQRT1_2, 0], 1e-6);
    assertClose(parameters.get('variances').dataSync(), [0.5, 0, 0], 1e-6);
    const noise = { sd: 0.1, scale: 'stdev', lastEpochs: 1 } as const;
    const offsetOf = colorOffsets(3, noise, parameters, 2);
    const [one, other] = [offsetOf(0, training[0]!, [])!, offsetOf(0, training[1]!, [])!];
    assert.deepEqual(offsetOf(0, training[0]!, []), one);
    assert.notDeepEqual(one, other);
    assert.notDeepEqual(offsetOf(0, training[0]!, [1]), one);
    assertClose(one, [one[0]!, one[0]!, 0], 1e-6);
    assert.equal(offsetOf(1, training[0]!, []), undefined);
  });
});

test('clips that cannot be read: refused, or left out; where there are none, it says so', async () => {
  const broken = (run: Run): Run => ({
    ...run,
    frames: { ...run.frames, load: () => Promise.reject(new WorkError('cannot read it')) },
  });
  for (const [missing, said] of [
    ['fail', /cannot read it/],
    ['skip', /pcaColor: no training clip could be read/],
  ] as const)
    await assert.rejects(train(`broken-${missing}`, config({}, { missing }), broken), said);
});
