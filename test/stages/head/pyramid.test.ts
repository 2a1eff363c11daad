import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { FeatureStore } from '../../../src/checkpoints/feature-store.js';
import { hashTensors } from '../../../src/checkpoints/formats/tensor.js';
import { loadConfig } from '../../../src/config/load.js';
import type { Config } from '../../../src/config/schema.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import type { Detection } from '../../../src/evaluation/types.js';
import { exportBundle, loadBundle } from '../../../src/stages/detect/model-bundle.js';
import { detect } from '../../../src/stages/detect/detect.js';
import { detectVideo } from '../../../src/stages/detect/detect-video.js';
import { trainedEncoder } from '../../../src/stages/encoder/run-encoder.js';
import { extract } from '../../../src/stages/features/extract-stage.js';
import { featureStore } from '../../../src/stages/features/extracted-features.js';
import { head } from '../../../src/stages/head/head-stage.js';
import { runStages } from '../../../src/stages/pipeline.js';
import { joint } from '../../../src/stages/joint/joint-stage.js';
import { pretrain } from '../../../src/stages/pretrain/pretrain-stage.js';
import { goOn } from '../../../src/stages/run/policy.js';
import { openRun, withRun, type Run } from '../../../src/stages/run/run.js';
import { modelOfRun, type TrainedModel } from '../../../src/stages/detect/trained-model.js';
import { Stopped, UsageError, WorkError } from '../../../src/system/errors.js';
import { done } from '../../support/done.js';
import { temporaryFolder } from '../../support/temporary.js';

const root = temporaryFolder();
const dataset = path.join(root, 'data', 'dataset.json');

/** configs/tiny.yaml with a small pyramid. */
function tiny(...set: string[]): Config {
  const head = ['width=16', 'heads=2', 'levels=3', 'stem=1', 'attention=5', 'window={snippets: 12, every: 8}'];
  return loadConfig('configs/tiny.yaml', [
    'model.type=pyramid',
    ...head.map((key) => `model.${key}`),
    'data.synthetic=null',
    `data.dataset=${dataset}`,
    'data.fps=12',
    'pretrain.epochs=0',
    'full.size=24',
    'joint.shapes=[{snippets: 8, size: 16}, {snippets: 6, size: 24}]',
    'joint.epochs=2',
    'joint.batch=4',
    'joint.microBatch=2',
    'head.epochs=3',
    'head.warmupEpochs=1',
    'head.lr=1e-3',
    'head.batch=3',
    'head.microBatch=2',
    'checkpoint.everySteps=1',
    ...set,
  ]).config;
}

async function train(run: Run): Promise<void> {
  await done(pretrain, run);
  await done(joint, run);
  await done(extract, run);
  await done(head, run);
}

/** Hashes of what a run's stages have learnt. */
function learnt({ store }: Run): string[] {
  return (['joint', 'head'] as const).map((stage) => hashTensors(store.load(stage, 'latest')!.tensors));
}

async function inFile(model: TrainedModel, run: Run, id: string): Promise<Detection[]> {
  const video = run.dataset.videos.find((one) => one.id === id)!;
  const found = [];
  for await (const part of detectVideo(model, video)) found.push(...part.detections);
  model[Symbol.dispose]();
  return found;
}

describe('the pyramid head, from videos to detections', () => {
  let whole: Run;

  before(async () => {
    await synthesize({ out: path.dirname(dataset), videos: 8, classes: 2, clipsPerClass: 1, seed: 1 });
    whole = await openRun(path.join(root, 'whole'), tiny());
    await train(whole);
  });

  it('has no classifier of segments, and keeps the running normaliser of its loss, which moves', () => {
    for (const stage of ['joint', 'head'] as const) {
      const { tensors } = whole.store.load(stage, 'latest')!;
      const names = [...tensors.keys()];
      assert.ok(!names.some((name) => name.includes('classifier')), stage);
      assert.notEqual(tensors.get('head.normalizer')!.data[0], 50, stage);
    }
  });

  it('hands a blend of both encoders on, where it is asked to', async () => {
    const run = await openRun(path.join(root, 'blended'), tiny('joint.blend=0.25'));
    await done(pretrain, run);
    await done(joint, run);
    const encoderOf = ({ store }: Run, stage: 'pretrain' | 'joint') => store.load(stage, 'latest')!.tensors;
    const [start, trained, blended] = [encoderOf(run, 'pretrain'), encoderOf(whole, 'joint'), encoderOf(run, 'joint')];
    run.close();
    let moved = 0;
    for (const [name, { data }] of blended) {
      if (!name.startsWith('encoder.')) continue;
      const [from, to] = [start, trained].map((of) => of.get(name)!.data as Float32Array) as [
        Float32Array,
        Float32Array,
      ];
      for (const [i, value] of (data as Float32Array).entries()) {
        assert.ok(Math.abs(value - (0.75 * from[i]! + 0.25 * to[i]!)) < 1e-5, name);
        moved = Math.max(moved, Math.abs(to[i]! - from[i]!));
      }
    }
    assert.ok(moved > 1e-3);
  });

  it('in stage 2 only finds actions where it is not to name them; stage 3 names them', async () => {
    const run = await openRun(path.join(root, 'unnamed'), tiny('joint.classes=false', 'joint.epochs=1'));
    await train(run);
    const told = (stage: 'joint' | 'head', of = run) =>
      [...of.store.load(stage, 'latest')!.tensors].find(([name]) => /^head\..*classes\.last\.bias$/.test(name))?.[1]
        .data.length;
    assert.equal(told('joint'), 1);
    assert.equal(told('joint', whole), run.dataset.classes.length);
    assert.equal(told('head'), run.dataset.classes.length);
    run.close();
  });

  it('learns of training videos in several views, which are made but once', async () => {
    const folder = path.join(root, 'views');
    const stores = () => readdirSync(path.join(folder, 'store', 'extract')).filter((name) => name !== 'latest');
    let ofOneView = '';
    await withRun(folder, tiny('joint.epochs=1'), {}, async (run) => {
      await train(run);
      assert.equal(stores().length, 1);
      ofOneView = learnt(run)[1]!;
    });
    const anew = { ...goOn, allowConfigChange: true };
    await withRun(folder, tiny('joint.epochs=1', 'head.views=2'), { policy: anew }, async (run) => {
      await assert.rejects(
        done(head, run),
        (error) => error instanceof WorkError && /run lofi extract/.test(error.message),
      );
      const [training, all] = [run.dataset.videos.filter(({ subset }) => subset === 'training'), run.dataset.videos];
      const made: string[] = [];
      const beat = run.heartbeat.beat.bind(run.heartbeat);
      run.heartbeat.beat = (...args) => {
        beat(...args);
        made.push(args[0]);
      };
      await extract.run(run);
      const [store, other] = [0, 1].map((view) => featureStore(run, trainedEncoder(run).sha256, view)) as [
        FeatureStore,
        FeatureStore,
      ];
      assert.equal(made.length, training.length);
      assert.deepEqual(stores().sort(), [store.key, other.key].sort());
      assert.equal(readFileSync(path.join(folder, 'store', 'extract', 'latest'), 'utf8').trim(), store.key);
      assert.deepEqual(
        [store, other].map((one) => all.filter(({ id }) => one.has(id))),
        [all, training],
      );
      const different = training.filter(({ id }) => !isDeepStrictEqual(other.get(id), store.get(id)));
      assert.ok(different.length > training.length / 2);
      await done(head, run);
      assert.notEqual(learnt(run)[1], ofOneView);
      made.length = 0;
      await extract.run(run);
      assert.deepEqual(made, []);
    });
  });

  it('stopped after any step and gone on with, it ends as it would have, to the bit', async () => {
    const folder = path.join(root, 'stopped');
    let calls = 0;
    for (let ended = false; !ended; calls++) {
      const stop = new AbortController();
      const run = await openRun(folder, tiny(), { stop: stop.signal });
      const beat = run.heartbeat.beat.bind(run.heartbeat);
      let beats = 0;
      run.heartbeat.beat = (...args) => {
        beat(...args);
        if (args[0] !== 'extract' && ++beats === 3) stop.abort(new Stopped('SIGTERM', 143));
      };
      try {
        await train(run);
        ended = true;
        assert.deepEqual(learnt(run), learnt(whole));
      } catch (error) {
        assert.ok(error instanceof Stopped);
      } finally {
        run.close();
      }
    }
    assert.ok(calls > 2, `${calls} calls`);
  });

  it('names what it finds in a split; a bundle finds in a file what the run finds', async () => {
    const videos = whole.dataset.videos.filter(({ subset }) => subset === 'validation');
    const before = tf.memory().numTensors;
    const found = await detect(whole, videos);
    assert.equal(tf.memory().numTensors, before);
    for (const { id, duration } of videos) {
      const one = found.find((video) => video.id === id)!;
      assert.ok('detections' in one && one.detections.length > 5, id);
      for (const { label, score, segment } of one.detections) {
        assert.ok(whole.dataset.classes.includes(label));
        assert.ok(score >= 1e-3 && score <= 1);
        assert.ok(0 <= segment[0] && segment[0] < segment[1] && segment[1] <= duration);
      }
      assert.ok(new Set(one.detections.map(({ label }) => label)).size === 2);
    }
    const file = path.join(root, 'model.lofi');
    exportBundle(whole, file);
    const [{ id }] = videos as [(typeof videos)[0]];
    const ofRun = await inFile(modelOfRun(whole), whole, id);
    assert.ok(ofRun.length > 5);
    assert.deepEqual(await inFile(loadBundle(file), whole, id), ofRun);
    assert.equal(tf.memory().numTensors, before);
  });

  it('by chunks of the encoder learns what it learns in one pass', async () => {
    const config = (gradient: string) =>
      tiny(`joint.gradient=${gradient}`, 'joint.chunk=5', 'joint.batchNorm=frozen', 'joint.epochs=1');
    const losses: number[][] = [];
    for (const gradient of ['tape', 'chunked']) {
      await withRun(path.join(root, gradient), config(gradient), {}, async (run) => {
        const append = run.log.append.bind(run.log);
        const own: number[] = [];
        run.log.append = (record) => {
          if ('loss' in record) own.push(record.loss as number);
          append(record);
        };
        await runStages(run, ['joint']);
        losses.push(own);
      });
    }
    const [tape, chunked] = losses as [number[], number[]];
    assert.ok(tape.length > 1);
    tape.forEach((loss, i) => {
      assert.ok(Math.abs(chunked[i]! - loss) < 1e-3 * loss, `${i}: ${chunked[i]} for ${loss}`);
    });
  });

  it('another head on the same folder is refused in a line', async () => {
    const gtad = loadConfig('configs/tiny.yaml', ['data.synthetic=null', `data.dataset=${dataset}`, 'data.fps=12']);
    whole.close();
    const config = { ...tiny(), model: gtad.config.model };
    await withRun(path.join(root, 'whole'), config, {}, async (run) => {
      await assert.rejects(runStages(run, ['head']), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(
          error.message,
          /head in .* was made with another configuration \(.*model\.type: "pyramid" → "gtad"/,
        );
        return true;
      });
    });
  });
});
