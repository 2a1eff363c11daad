import assert from 'node:assert/strict';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { hashTensors } from '../../../src/checkpoints/formats/tensor.js';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { configSchema, type Config } from '../../../src/config/schema.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { exportState } from '../../../src/models/state.js';
import { fitCodebook } from '../../../src/stages/encoder/fit-codebook.js';
import { freshEncoder } from '../../../src/stages/encoder/run-encoder.js';
import { joint } from '../../../src/stages/joint/joint-stage.js';
import { openFeatures } from '../../../src/stages/features/open-features.js';
import { extract } from '../../../src/stages/features/extract-stage.js';
import { pretrain } from '../../../src/stages/pretrain/pretrain-stage.js';
import { goOn } from '../../../src/stages/run/policy.js';
import { withRun, type Run } from '../../../src/stages/run/run.js';
import { WorkError } from '../../../src/system/errors.js';
import { done } from '../../support/done.js';
import { assertClose } from '../../support/numeric.js';
import { temporaryFolder } from '../../support/temporary.js';

const root = temporaryFolder();
const folder = (name: string) => path.join(root, name);
const full = { snippets: 8, size: 24 };
const softbow = { type: 'softbow', words: 6, shapes: true, withMean: true };

function config(aggregator: object, stage1: object, change: object = {}): Config {
  return configSchema.parse({
    data: { root: folder('data'), dataset: 'dataset.json', clips: 'clips.csv', flip: false },
    encoder: { width: 4, frames: 4, stride: 3, aggregator },
    full,
    model: { k: 2, h1: 16, h2: 8, h3: 16, groups: 4, width: 16, inner: 4, context: 2 },
    pretrain: { epochs: 2, batch: 4, size: 20, lr: 0.02, lrSteps: [], ...stage1 },
    ...change,
  });
}

const isOfAggregator = ([name]: [string, unknown]) => name.startsWith('aggregator.');
const counts = () => [tf.memory().numTensors, nativeTensorCount()];

/** What fitting the codebook of a fresh encoder sets, by name. */
async function fitted(run: Run, normalization: 'batch' | 'running') {
  using loaded = freshEncoder(run.config);
  const before = exportState(loaded.parameters);
  const held = counts();
  await fitCodebook(run, loaded, normalization);
  assert.deepEqual(counts(), held);
  const after = exportState(loaded.parameters);
  const [was, is] = [before, after].map((state) => [...state].filter((one) => !isOfAggregator(one)));
  assert.deepEqual(is, was);
  return { before: new Map([...before].filter(isOfAggregator)), after: new Map([...after].filter(isOfAggregator)) };
}

/** The tensors of the encoder's aggregator that a run has stored. */
function stored(name: string, stage: 'pretrain' | 'joint' = 'pretrain') {
  const { tensors } = new RunStore(folder(name)).load(stage, 'latest')!;
  const own = [...tensors].map(([key, tensor]) => [key.replace(/^encoder\./, ''), tensor] as const);
  return new Map(own.filter(([key]) => key.startsWith('aggregator.')));
}

/** A run that counts its requests of frames at full fidelity, and whose frames give out after so many samples. */
function watched(run: Run, asked: { full: number }, most = Infinity): Run {
  let count = 0;
  const load: Run['frames']['load'] = (request) => {
    if (request.crop.width === full.size) asked.full++;
    return ++count > most ? Promise.reject(new Error('power cut')) : run.frames.load(request);
  };
  return { ...run, frames: { ...run.frames, load } };
}

describe('an encoder with a codebook', () => {
  before(async () => {
    await synthesize({ out: folder('data'), videos: 4, classes: 2, clipsPerClass: 4, seed: 1 });
  });

  for (const aggregator of [softbow, { type: 'vlad', words: 4 }, { type: 'fisher', words: 3 }]) {
    it(`${aggregator.type}: the codebook is fitted, by the seed, and is stored by a stage of no epochs`, async () => {
      const name = `given ${aggregator.type}`;
      await withRun(folder(name), config(aggregator, { epochs: 0 }), {}, async (run) => {
        const [one, same] = [await fitted(run, 'running'), await fitted(run, 'running')];
        assert.deepEqual(same.after, one.after);
        for (const [key, { data }] of one.after) {
          assert.ok(data.every(Number.isFinite), key);
          // Only log σ begins where it is set.
          if (!key.endsWith('log_sigma')) assert.notDeepEqual(data, one.before.get(key)!.data, key);
        }
        const other = { ...run, config: { ...run.config, seed: 1 } };
        assert.notDeepEqual((await fitted(other, 'running')).after, one.after);
        await done(pretrain, run);
        for (const [key, { data }] of stored(name)) assert.deepEqual(data, one.after.get(key)!.data, key);
        assert.equal(stored(name).size, one.after.size);
      });
    });
  }

  it('frames that cannot be read leave no tensor behind', async () => {
    await withRun(folder('broken'), config(softbow, { epochs: 0 }), {}, async (run) => {
      const load = () => Promise.reject(new WorkError('a.mp4 ends early'));
      using loaded = freshEncoder(run.config);
      const held = counts();
      const broken = { ...run, frames: { ...run.frames, load } };
      await assert.rejects(fitCodebook(broken, loaded, 'running'), /a\.mp4 ends early/);
      const failing = {
        ...loaded.encoder.codebook!,
        sample: () => {
          throw new RangeError('ours');
        },
      };
      const encoder = { ...loaded.encoder, codebook: failing };
      await assert.rejects(fitCodebook(run, { ...loaded, encoder }, 'running'), /ours/);
      assert.deepEqual(counts(), held);
    });
  });

  it('stage 1 fits it before the first step, and its average starts from there', async () => {
    // With so small a rate, the codebook stays where it was fitted.
    const options = config(softbow, { epochs: 1, ema: 0.999, lr: 1e-12 });
    await withRun(folder('still'), options, {}, async (run) => {
      const { after } = await fitted(run, 'batch');
      await done(pretrain, run);
      const averaged = stored('still');
      assert.equal(averaged.size, after.size);
      for (const [key, { data }] of averaged) {
        // log σ begins at 0, to which no error is small.
        const [is, was] = [data, after.get(key)!.data].map((one) =>
          Float32Array.from(one as Float32Array, (x) => 1 + x),
        );
        assertClose(is!, was!, 1e-5, key);
      }
    });
  });

  it('interrupted, stage 1 is the same to the bit, and does not fit it again', async () => {
    const options = config(softbow, { ema: 0.9, batchNorm: 'frozen' });
    const train = async (name: string, most?: number) => {
      const asked = { full: 0 };
      const trained = () => withRun(folder(name), options, {}, (run) => done(pretrain, watched(run, asked, most)));
      if (most === undefined) await trained();
      else await assert.rejects(trained, /power cut/);
      const { tensors, manifest } = new RunStore(folder(name)).load('pretrain', 'latest')!;
      return { asked: asked.full, hash: hashTensors(tensors), finished: manifest.finished };
    };
    const whole = await train('whole');
    assert.ok(whole.asked > 0 && whole.finished);
    // 9 clips train, 3 validate: the second epoch is cut short.
    const cut = await train('cut', whole.asked + 9 + 3 + 5);
    assert.equal(cut.finished, false);
    assert.deepEqual(await train('cut'), { ...whole, asked: 0 });
    const trained = stored('whole');
    await withRun(folder('whole'), options, {}, async (run) => {
      const { after } = await fitted(run, 'running');
      assert.notDeepEqual(trained.get('aggregator.codebook')!.data, after.get('aggregator.codebook')!.data);
      assert.deepEqual(trained.get('aggregator.log_gamma')!.data, after.get('aggregator.log_gamma')!.data);
    });
  });

  it('another full fidelity, to which it would be fitted anew, is refused', async () => {
    const change = { full: { snippets: 8, size: 32 } };
    await withRun(folder('given softbow'), config(softbow, { epochs: 0 }, change), {}, async (run) => {
      await assert.rejects(done(pretrain, run), /full\.size: 24 → 32/);
      await done(pretrain, { ...run, policy: { ...goOn, allowConfigChange: true } });
    });
  });

  it('stage 2 goes through rank pooling, whole or in chunks, and extract has its channels', async () => {
    const rank = { type: 'rank', direction: 'both', withMean: true };
    const features: Float32Array[] = [];
    for (const gradient of ['tape', 'chunked']) {
      const stage2 = { gradient, chunk: 3, batchNorm: 'frozen', epochs: 1, batch: 3, microBatch: 2 };
      const change = { joint: { ...stage2, shapes: [{ snippets: 6, size: 24 }] } };
      await withRun(folder(gradient), config(rank, { epochs: 0 }, change), {}, async (run) => {
        const held = counts();
        await done(pretrain, run);
        await done(joint, run);
        await done(extract, run);
        assert.deepEqual(counts(), held);
        const before = run.store.load('pretrain', 'latest')!.tensors.get('encoder.conv1.weight')!.data;
        assert.notDeepEqual(run.store.load('joint', 'latest')!.tensors.get('encoder.conv1.weight')!.data, before);
        const { data, shape } = openFeatures(run).get(run.dataset.videos[0]!.id);
        // Both directions of 32 channels, and their mean.
        assert.deepEqual([...shape], [full.snippets, 3 * 32]);
        features.push(data);
      });
    }
    assert.ok(features[0]!.some((value) => value !== 0));
    assertClose(features[1]!, features[0]!, 1e-3);
  });
});
