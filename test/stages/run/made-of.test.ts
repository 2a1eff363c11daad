import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { loadConfig } from '../../../src/config/load.js';
import type { Config } from '../../../src/config/schema.js';
import { stagesOf, type StageName } from '../../../src/config/stages.js';
import { loadDataset, saveDataset, type Dataset } from '../../../src/data/dataset.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { startEngine } from '../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { detectSubset } from '../../../src/stages/detect/detect.js';
import { freshEncoder, trainedEncoder } from '../../../src/stages/encoder/run-encoder.js';
import { featureStore } from '../../../src/stages/features/extracted-features.js';
import { pipeline, runStages } from '../../../src/stages/pipeline.js';
import type { ResumePolicy } from '../../../src/stages/run/policy.js';
import { openRun, withRun, type Run } from '../../../src/stages/run/run.js';
import { toTensors } from '../../../src/stages/training/snapshot.js';
import { encodeSafetensors } from '../../../src/checkpoints/formats/safetensors.js';
import { exportState } from '../../../src/models/state.js';
import { Stopped, UsageError, WorkError } from '../../../src/system/errors.js';
import { captureStderr } from '../../support/checkpoints.js';
import { temporaryFolder } from '../../support/temporary.js';
import { testVideo } from '../../support/videos.js';

await startEngine();

const root = temporaryFolder();
const data = path.join(root, 'data');
const datasetFile = path.join(data, 'dataset.json');
const weights = path.join(root, 'weights.safetensors');

const configOf = (...set: string[]): Config =>
  loadConfig('configs/tiny.yaml', [
    'data.synthetic=null',
    `data.dataset=${datasetFile}`,
    `data.clips=${path.join(data, 'clips.csv')}`,
    `encoder.weights=${weights}`,
    'pretext.data=glyphs',
    'pretext.canvas=16',
    'pretext.past=3',
    'pretext.future=2',
    'pretext.sequences=16',
    'pretext.batch=8',
    'pretext.epochs=2',
    'model.lstm.units=8',
    'pretrain.epochs=1',
    'joint.epochs=1',
    'head.epochs=1',
    'head.classifier.epochs=2',
    ...set,
  ]).config;

/** Writes the encoder weights that stage 1 starts from; another `value` makes another file of the same length. */
function writeWeights(value: number): void {
  using encoder = freshEncoder(loadConfig('configs/tiny.yaml').config);
  encoder.parameters.assign('bn1.bias', tf.fill([8], value));
  writeFileSync(
    weights,
    Buffer.concat(encodeSafetensors(toTensors(exportState(encoder.parameters))).map((part) => Buffer.from(part))),
  );
}

const allowed: ResumePolicy = { resume: 'auto', allowConfigChange: true };
const all = (run: Run) => runStages(run, stagesOf(run));
const count = () => tf.memory().numTensors + nativeTensorCount();

/** A copy of the finished run. */
let copies = 0;
function finished(): string {
  const folder = path.join(root, `copy ${copies++}`);
  cpSync(path.join(root, 'run'), folder, { recursive: true });
  return folder;
}

/** Does something with the annotations of the dataset, and puts them back. */
async function withDataset(change: (dataset: Dataset) => void, work: () => Promise<void>): Promise<void> {
  const kept = readFileSync(datasetFile);
  const dataset = loadDataset(datasetFile);
  change(dataset);
  saveDataset(datasetFile, dataset);
  try {
    await work();
  } finally {
    writeFileSync(datasetFile, kept);
  }
}

/** The line by which all stages together refuse to go on in a copy of the finished run. */
async function refusal(config = configOf()): Promise<string> {
  const folder = finished();
  const shas = () =>
    (['pretext', 'pretrain', 'joint', 'segments', 'head'] as const).map((stage) =>
      new RunStore(folder).finished(stage),
    );
  const made = shas();
  const error: unknown = await withRun(folder, config, {}, all).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.deepEqual(shas(), made, 'something was trained');
  if (error === undefined) return '';
  assert.ok(error instanceof UsageError);
  assert.match(error.message, /--allow-config-change/);
  return error.message;
}

before(async () => {
  await synthesize({ out: data, videos: 8, classes: 2, clipsPerClass: 4, seed: 1 });
  writeWeights(0);
  await withRun(path.join(root, 'run'), configOf(), {}, all);
});

describe('a finished run', () => {
  it('is finished as long as its data are what they were, also where files were copied or touched', async () => {
    const video = loadDataset(datasetFile).videos[0]!.path;
    writeFileSync(video, readFileSync(video));
    writeFileSync(weights, readFileSync(weights));
    assert.equal(await refusal(), '');
  });

  it('refuses annotations that were moved, by the first stage that was trained on them', async () => {
    await withDataset(
      ({ videos }) => {
        for (const { subset, instances } of videos)
          if (subset === 'training') for (const one of instances) one.start += 0.1;
      },
      async () => {
        assert.match(
          await refusal(),
          /^joint in .* \(instances of training: \d+ instances in 6 videos, but not the same\)/,
        );
      },
    );
  });

  it('refuses validation annotations that were moved: the best head was chosen by them', async () => {
    await withDataset(
      ({ videos }) => {
        videos.find(({ subset }) => subset === 'validation')!.instances.pop();
      },
      async () => {
        assert.match(
          await refusal(),
          /^head in .* \(instances of validation: \d+ instances in 2 videos → \d+ instances in 2 videos\)/,
        );
      },
    );
  });

  it('refuses a class of another name, and goes on to find its actions under the old ones', async () => {
    const names = loadDataset(datasetFile).classes;
    const folder = finished();
    await withDataset(
      ({ videos }) => {
        for (const { instances } of videos)
          for (const one of instances) if (one.label === names[0]) one.label = `z ${names[0]}`;
      },
      async () => {
        assert.match(await refusal(), new RegExp(`classes: ${names.join(', ')} → ${names[1]!}, z ${names[0]!}`));
        await withRun(folder, configOf(), {}, (run) => detectSubset(run, 'validation', folder));
        const { results } = JSON.parse(readFileSync(path.join(folder, 'detections.json'), 'utf8')) as {
          results: Record<string, { label: string }[]>;
        };
        const found = new Set(Object.values(results).flatMap((list) => list.map(({ label }) => label)));
        assert.deepEqual([...found].sort(), names);
        await withRun(folder, configOf(), { policy: allowed }, all);
        assert.deepEqual(new RunStore(folder).manifest('head')!.classes, [names[1], `z ${names[0]!}`]);
      },
    );
  });

  it('refuses other clips, and clips that were encoded anew', async () => {
    const list = path.join(data, 'clips.csv');
    const kept = readFileSync(list, 'utf8');
    const rows = kept.trim().split('\n');
    writeFileSync(list, `${[...rows.slice(0, 1), ...rows.slice(2)].join('\n')}\n`);
    assert.match(
      await refusal(),
      /^pretrain in .*(training|validation) clips: \d+ clips of 3 labels → \d+ clips of 3 labels/,
    );
    writeFileSync(list, kept);
    const clip = path.join(data, rows[1]!.split(',')[0]!);
    const bytes = readFileSync(clip);
    testVideo(clip, { seconds: 1 });
    assert.match(await refusal(), /^pretrain in .*clips: \d+ clips of 3 labels, but not the same/);
    writeFileSync(clip, bytes);
    assert.equal(await refusal(), '');
  });

  it('refuses another file of weights, even of the same length, but does without one that is gone', async () => {
    const kept = readFileSync(weights);
    writeWeights(0.5);
    assert.equal(readFileSync(weights).length, kept.length);
    assert.match(
      await refusal(),
      /^pretrain in .*encoder\.weights: weights\.safetensors of \d+ bytes, but not the same/,
    );
    rmSync(weights);
    assert.equal(await refusal(), '');
    writeFileSync(weights, kept);
  });

  it('refuses `full` where running statistics were measured at it', async () => {
    const stage = async (set: string[]) => /^\w+/.exec(await refusal(configOf(...set)))?.[0];
    // Without reestimate, stages 1 and 2 see nothing of it.
    assert.equal(await stage(['full.size=40']), 'segments');
    const config = configOf('pretrain.reestimate=2');
    const folder = path.join(root, 'measured');
    await withRun(folder, config, {}, (run) => runStages(run, ['pretrain']));
    await withRun(folder, configOf('pretrain.reestimate=2', 'full.size=40'), {}, (run) =>
      assert.rejects(runStages(run, ['pretrain']), /^UsageError: pretrain in .*full\.size: 48 → 40/),
    );
  });

  it('refuses a video that was encoded anew after the dataset file was prepared', async () => {
    // As `lofi prepare` writes it, with the content of each file.
    const folder = finished();
    const kept = readFileSync(datasetFile);
    const { dataset } = await openRun(folder, configOf()).then((run) => {
      run.close();
      return run;
    });
    saveDataset(datasetFile, dataset);
    const video = dataset.videos.find(({ subset }) => subset === 'training')!;
    const bytes = readFileSync(video.path);
    testVideo(video.path, { seconds: 3 });
    await assert.rejects(openRun(folder, configOf()), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        /dataset\.json: .* changed after the dataset file was prepared.* run `lofi prepare` again/,
      );
      assert.ok(error.message.includes(video.path));
      return true;
    });
    writeFileSync(datasetFile, kept);
    assert.match(await refusal(), /^joint in .*videos of training: 6 files of \d+ bytes → 6 files of \d+ bytes/);
    // Of the features, only those of this video are made again.
    const run = await openRun(folder, configOf());
    const store = featureStore(run, trainedEncoder(run).sha256);
    run.close();
    assert.deepEqual(
      run.dataset.videos.filter(({ id }) => !store.has(id)).map(({ id }) => id),
      [video.id],
    );
    writeFileSync(video.path, bytes);
  });

  it('says why it is done again where that is allowed, and ends as a run of its own would', async (t) => {
    const folder = finished();
    const fresh = path.join(root, 'fresh');
    const stderr = captureStderr(t);
    await withDataset(
      ({ videos }) => {
        for (const { instances } of videos) for (const one of instances) one.end += 0.05;
      },
      async () => {
        await withRun(folder, configOf(), { policy: allowed }, all);
        await withRun(fresh, configOf(), {}, all);
      },
    );
    assert.ok(
      stderr.some((line) => /^joint is done again: instances of training/.test(line)),
      stderr.join(''),
    );
    assert.ok(
      stderr.some((line) => /^head is done again: .*another joint/.test(line)),
      stderr.join(''),
    );
    for (const stage of ['pretext', 'pretrain', 'joint', 'segments', 'head'])
      assert.equal(new RunStore(folder).finished(stage)?.sha256, new RunStore(fresh).finished(stage)?.sha256, stage);
  });
});

describe('no stage leaves a tensor behind, whichever way it ends', () => {
  /** Ends the work of a run at the first step of a stage. */
  const at = (run: Run, stage: string, end: (run: Run) => void): Run => ({
    ...run,
    heartbeat: Object.assign(Object.create(run.heartbeat) as Run['heartbeat'], {
      beat: (name: string) => {
        if (name === stage) end(run);
      },
    }),
  });

  it('finished already', async () => {
    await withRun(finished(), configOf(), {}, async (run) => {
      for (const stage of pipeline) {
        const held = count();
        await stage.run(run);
        assert.equal(count(), held, stage.name);
      }
    });
  });

  it('trained from its beginning', async () => {
    await withRun(path.join(root, 'anew'), configOf(), {}, async (run) => {
      for (const stage of pipeline) {
        const held = count();
        await stage.run(run);
        assert.equal(count(), held, stage.name);
      }
    });
  });

  for (const name of ['pretext', 'pretrain', 'joint', 'segments', 'head'] as const)
    for (const [how, end, error] of [
      ['stopped', () => Promise.reject(new Stopped('SIGTERM', 143)), Stopped],
      ['failing in a step', () => Promise.reject(new Error('power cut')), Error],
    ] as const)
      it(`${name}, ${how}`, async () => {
        const folder = finished();
        const stage = pipeline.find((one) => one.name === name)!;
        const policy: ResumePolicy = { resume: 'never', allowConfigChange: false };
        await withRun(folder, configOf(), { policy }, async (run) => {
          const held = count();
          let thrown: unknown;
          await end().catch((reason: unknown) => (thrown = reason));
          const stopping = at(run, name, () => {
            throw thrown as Error;
          });
          await assert.rejects(stage.run(stopping), error);
          assert.equal(count(), held);
        });
      });

  for (const name of ['pretext', 'pretrain', 'joint', 'head'] as const)
    it(`${name}, diverging`, async () => {
      const folder = finished();
      const stage = pipeline.find((one) => one.name === name)!;
      const config = configOf(`${name}.lr=1e30`, `${name}.epochs=3`, 'pretrain.optimizer=sgd');
      await withRun(folder, config, { policy: { resume: 'never', allowConfigChange: true } }, async (run) => {
        const held = count();
        await assert.rejects(stage.run(run), WorkError);
        assert.equal(count(), held);
      });
    });

  for (const [name, set] of [
    ['joint', ['model.h1=18']],
    ['head', ['model.h1=18']],
    ['pretrain', ['pretrain.lrFactors.nothing=2']],
  ] as [StageName, string[]][])
    it(`${name}, that cannot be built`, async () => {
      const stage = pipeline.find((one) => one.name === name)!;
      await withRun(finished(), configOf(...set), { policy: allowed }, async (run) => {
        const held = count();
        await assert.rejects(stage.run(run), UsageError);
        assert.equal(count(), held);
      });
    });
});
