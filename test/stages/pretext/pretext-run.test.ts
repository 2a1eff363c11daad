import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { loadConfig } from '../../../src/config/load.js';
import type { Config } from '../../../src/config/schema.js';
import { stagesOf } from '../../../src/config/stages.js';
import { loadDataset, saveDataset } from '../../../src/data/dataset.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { buildHead } from '../../../src/models/heads/head-catalogue.js';
import { Parameters } from '../../../src/models/parameters.js';
import { exportState } from '../../../src/models/state.js';
import { exportBundle, loadBundle } from '../../../src/stages/detect/model-bundle.js';
import { modelOfRun } from '../../../src/stages/detect/trained-model.js';
import { writePredictionErrors } from '../../../src/stages/detect/prediction-errors.js';
import { startOnFeatures } from '../../../src/stages/features/trained-on-features.js';
import { startSequence } from '../../../src/stages/features/start-sequence.js';
import { runStages } from '../../../src/stages/pipeline.js';
import type { ResumePolicy } from '../../../src/stages/run/policy.js';
import { withRun, type Run } from '../../../src/stages/run/run.js';
import { Stopped, UsageError } from '../../../src/system/errors.js';
import { captureStderr } from '../../support/checkpoints.js';
import { temporaryFolder } from '../../support/temporary.js';
import { testVideo } from '../../support/videos.js';

await startEngine();

const root = temporaryFolder();
const data = path.join(root, 'data');
const datasetFile = path.join(data, 'dataset.json');
const unlabelled = path.join(root, 'unlabelled');

/** The pyramid on a frozen encoder, with an LSTM before it that has learnt without labels. */
const configOf = (...set: string[]): Config =>
  loadConfig('configs/tiny.yaml', [
    ...['data.synthetic=null', `data.dataset=${datasetFile}`, 'pretrain.epochs=0'],
    ...['model.type=pyramid', 'model.width=16', 'model.levels=3', 'model.sequence=lstm', 'model.predictionError=true'],
    ...['model.lstm.units=8', 'model.lstm.block=8', 'model.lstm.stride=4'],
    ...['pretext.past=8', 'pretext.future=4', 'pretext.epochs=3', 'pretext.batch=6'],
    ...['head.epochs=2', 'head.warmupEpochs=0', 'head.batch=4', `data.unlabelled=${unlabelled}`],
    ...set,
  ]).config;

/** All stages but stage 2, as `lofi run --baseline` does them. */
const all = (run: Run) =>
  runStages(
    run,
    stagesOf(run).filter((stage) => stage !== 'joint'),
  );
const shasOf = (folder: string) =>
  ['pretext', 'pretrain', 'head'].map((stage) => new RunStore(folder).finished(stage)?.sha256);
const whole = path.join(root, 'whole');

before(async () => {
  await synthesize({ out: data, videos: 5, classes: 2, clipsPerClass: 1, seed: 1 });
  mkdirSync(path.join(unlabelled, 'more'), { recursive: true });
  testVideo(path.join(unlabelled, 'a.mp4'), { seconds: 2 });
  testVideo(path.join(unlabelled, 'more', 'b.mp4'), { seconds: 3 });
  // A video of validation must not be seen.
  const validated = loadDataset(datasetFile).videos.find(({ subset }) => subset === 'validation')!;
  cpSync(validated.path, path.join(unlabelled, 'c.mp4'));
  await withRun(whole, configOf(), {}, all);
});

let copies = 0;
function finished(): string {
  const folder = path.join(root, `copy ${copies++}`);
  cpSync(whole, folder, { recursive: true });
  return folder;
}

async function refusal(config = configOf(), policy?: ResumePolicy): Promise<string> {
  const folder = finished();
  const error: unknown = await withRun(folder, config, policy ? { policy } : {}, all).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.deepEqual(shasOf(folder), shasOf(whole), 'something was trained');
  if (error === undefined) return '';
  assert.ok(error instanceof UsageError);
  return error.message;
}

describe('a run with pretext', () => {
  it('learns from training videos and from those without labels, but not from validation', () => {
    const { inputs, classes, parents } = new RunStore(whole).manifest('pretext')!;
    assert.match(inputs['videos of training']!.says, /^3 files/);
    assert.match(inputs['videos without labels']!.says, /^2 files/);
    assert.deepEqual([classes, parents], [null, []]);
    assert.deepEqual(
      new RunStore(whole).manifest('head')!.parents.map(({ stage }) => stage),
      ['pretrain', 'extract', 'pretext'],
    );
  });

  it('keeps the records of pretext in the log of the stages behind it', () => {
    const stages = readFileSync(path.join(whole, 'metrics.jsonl'), 'utf8').match(/"stage":"\w+"/g)!;
    assert.ok(stages.includes('"stage":"pretext"') && stages.includes('"stage":"head"'));
  });

  it('makes the features of training videos as extract would', async () => {
    const plain = path.join(root, 'plain');
    await withRun(plain, configOf('pretext=null', 'model.sequence=none', 'model.predictionError=false'), {}, (run) =>
      runStages(run, ['pretrain', 'extract']),
    );
    const latest = (folder: string) => {
      const key = readFileSync(path.join(folder, 'store', 'extract', 'latest'), 'utf8').trim();
      const manifest = path.join(folder, 'store', 'extract', key, 'manifest.json');
      return [key, (JSON.parse(readFileSync(manifest, 'utf8')) as { sha256: string }).sha256];
    };
    assert.deepEqual(latest(whole), latest(plain));
  });

  it('interrupted anywhere it ends as if it never had been, to the bit', async () => {
    const total = new RunStore(whole).manifest('pretext')!.step;
    for (const [stage, last] of [
      ['pretext', 1],
      ['pretext', total - 1],
      ['head', 1],
    ] as const) {
      const folder = path.join(root, `cut ${stage} ${last}`);
      const config = configOf('checkpoint.everySteps=1');
      const cut = withRun(folder, config, {}, (run) => {
        const beat = (name: string, step: number, steps: number) => {
          // The beats of features count videos.
          const made = 5;
          if (name === stage && step === last && steps !== made) throw new Error('power cut');
        };
        return all({ ...run, heartbeat: { beat } as unknown as Run['heartbeat'] });
      });
      await assert.rejects(cut, /power cut/);
      await withRun(folder, config, {}, all);
      assert.deepEqual(shasOf(folder), shasOf(whole), `${stage} ${last}`);
    }
  });

  it('stopped while it makes features, it goes on from there', async () => {
    const folder = path.join(root, 'stopped');
    const stop = new AbortController();
    let [made, again] = [0, 0];
    const beating = (run: Run, beat: (total: number) => void): Run => ({
      ...run,
      heartbeat: {
        beat: (name: string, _: number, total: number) => {
          if (name === 'pretext' && run.store.steps('pretext').length === 0) beat(total);
        },
      } as unknown as Run['heartbeat'],
    });
    const halted = withRun(
      folder,
      configOf(),
      { stop: stop.signal },
      (run) =>
      all(beating(run, () => { if (++made === 3) stop.abort(new Stopped('SIGTERM', 143)); })), // prettier-ignore
    );
    await assert.rejects(halted, Stopped);
    await withRun(folder, configOf(), {}, (run) => all(beating(run, (total) => (again ||= total))));
    assert.equal(again, 5 - 3);
    assert.deepEqual(shasOf(folder), shasOf(whole));
  });

  it('refuses other videos without labels, and does without a folder that is gone', async () => {
    assert.equal(await refusal(), '');
    const file = path.join(unlabelled, 'a.mp4');
    const kept = readFileSync(file);
    testVideo(file, { seconds: 1 });
    assert.match(await refusal(), /^pretext in .*videos without labels: 2 files of \d+ bytes/);
    testVideo(path.join(unlabelled, 'd.mp4'), { seconds: 1, size: '48x48' });
    assert.match(await refusal(), /^pretext in .*videos without labels: 2 files .* → 3 files/);
    rmSync(path.join(unlabelled, 'd.mp4'));
    cpSync(path.join(unlabelled, 'more', 'b.mp4'), file);
    assert.match(await refusal(), /videos without labels/);
    writeFileSync(file, kept);
    renameSync(unlabelled, `${unlabelled} gone`);
    assert.equal(await refusal(), '');
    renameSync(`${unlabelled} gone`, unlabelled);
  });

  it('does not look at labels, and is not done again for them', async () => {
    const kept = readFileSync(datasetFile);
    const dataset = loadDataset(datasetFile);
    for (const { instances } of dataset.videos) for (const one of instances) one.end += 0.1;
    saveDataset(datasetFile, dataset);
    assert.match(await refusal(), /^head in /);
    writeFileSync(datasetFile, kept);
  });

  it('refuses other keys, and the head that started from it is done again with it', async (t) => {
    assert.match(await refusal(configOf('pretext.lr=0.01')), /^pretext in .*pretext\.lr: 0\.001 → 0\.01/);
    assert.match(await refusal(configOf('model.lstm.units=4')), /^pretext in .*model\.lstm\.units: 8 → 4/);
    assert.match(await refusal(configOf('full.size=40')), /^pretext in .*full\.size/);
    const folder = finished();
    const stderr = captureStderr(t);
    const policy: ResumePolicy = { resume: 'auto', allowConfigChange: true };
    await withRun(folder, configOf('pretext.lr=0.01'), { policy }, all);
    assert.ok(
      stderr.some((line) => /^head is done again: another pretext/.test(line)),
      stderr.join(''),
    );
    assert.notDeepEqual(shasOf(folder), shasOf(whole));
  });

  it('starts the head from the very weights, and from the training features where there is no pretext', async () => {
    await withRun(finished(), configOf(), {}, (run) => {
      const { source, pretext } = startOnFeatures(run);
      using head = buildHead(run.config.model, source.channels, 2);
      using parameters = new Parameters(head.parameters, randomStream(9));
      startSequence(parameters, pretext(), []);
      const [here, learnt] = [exportState(parameters), pretext()!.state()];
      for (const [name, { data }] of here) {
        const [prefix, rest] = [/^\w+/.exec(name)![0], name.slice(name.indexOf('.') + 1)];
        if (prefix === 'sequence' || prefix === 'prediction')
          assert.deepEqual(data, learnt.get(`sequence.${rest}`)!.data, name);
      }
      assert.ok([...here.keys()].some((name) => name.startsWith('prediction.future.')));
      startSequence(parameters, null, [source.get(source.videos('training')[0]!.id)]);
      assert.notDeepEqual(exportState(parameters).get('sequence.mean')!.data, here.get('sequence.mean')!.data);
      return Promise.resolve();
    });
  });

  it('leaves pictures, errors of every snippet, and a bundle that finds the same', async () => {
    const folder = finished();
    await withRun(folder, configOf(), {}, async (run) => {
      await writePredictionErrors(run, 'validation');
      const errors = JSON.parse(readFileSync(path.join(folder, 'prediction-errors.json'), 'utf8')) as object;
      for (const list of Object.values(errors) as number[][]) {
        assert.equal(list.length, 24);
        assert.ok(list.every((error) => error >= 0 && Number.isFinite(error)));
        assert.ok(new Set(list).size > 12);
      }
      const { checkpoint, examples } = JSON.parse(readFileSync(path.join(folder, 'pretext.json'), 'utf8')) as {
        checkpoint: string;
        examples: { rows: { name: string; width: number }[] }[];
      };
      assert.equal(checkpoint, shasOf(folder)[0]);
      assert.deepEqual(
        examples[0]!.rows.map(({ name, width }) => [name, width]),
        [['input', 8], ['reconstruction', 8], ['future', 4], ['truth', 4]], // prettier-ignore
      );
      const file = path.join(root, 'model.lofi');
      exportBundle(run, file);
      using bundle = loadBundle(file);
      using model = modelOfRun(run);
      assert.deepEqual(exportState(bundle.localizer.parts.head), exportState(model.localizer.parts.head));
    });
    await withRun(folder, configOf('pretext.task=autoencoder'), {}, (run) => writePredictionErrors(run, 'validation'));
    assert.ok(!existsSync(path.join(folder, 'prediction-errors.json')));
  });

  it('refuses what would be of no use, before anything is trained', async () => {
    const joint = withRun(path.join(root, 'joint'), configOf(), {}, (run) => runStages(run, stagesOf(run)));
    await assert.rejects(joint, /^UsageError: pretext learns from features.*`lofi run --baseline`/);
    const refused = (...set: string[]) => assert.throws.bind(null, () => configOf(...set));
    refused('pretrain.epochs=1')(/pretext\.data: .*stage 1 trains.*set pretrain\.epochs=0/);
    refused('pretext.past=30')(/pretext\.past: sequences of 34 steps do not fit into videos of 24 snippets/);
    refused('pretext.data=glyphs')(/pretext\.data: an LSTM of glyphs cannot see features/);
    refused('data.features=published')(/data\.unlabelled holds videos/);
    const blind = withRun(path.join(root, 'blind'), configOf('pretext.task=autoencoder'), {}, all);
    await assert.rejects(blind, /^UsageError: model\.predictionError needs a stage that predicts features/);
  });
});

describe('videos without labels alone', () => {
  const alone = (...set: string[]) =>
    configOf('data.dataset=null', 'model.sequence=none', 'model.predictionError=false', ...set);

  it('are enough for pretext, and for nothing else', async () => {
    const folder = path.join(root, 'alone');
    await withRun(folder, alone(), {}, (run) => runStages(run, ['pretext']));
    const { inputs } = new RunStore(folder).manifest('pretext')!;
    assert.match(inputs['videos without labels']!.says, /^3 files/);
    await withRun(folder, alone(), {}, async (run) => {
      await assert.rejects(all(run), /^UsageError: .*it has no videos/);
    });
  });

  it('are cut into patches, and one that is broken is told of', async () => {
    const folder = path.join(root, 'patches');
    const config = alone('pretext.data=patches', 'pretext.patch=8', 'pretext.short=24', 'pretext.epochs=1');
    await withRun(folder, config, {}, (run) => runStages(run, ['pretext']));
    const { rows } = (
      JSON.parse(readFileSync(path.join(folder, 'pretext.json'), 'utf8')) as {
        examples: { rows: { width: number; height: number; channels: number }[] }[];
      }
    ).examples[0]!;
    assert.deepEqual([rows[0]!.width, rows[0]!.height, rows[0]!.channels], [8 * 9 - 1, 8, 3]);
    const broken = path.join(root, 'broken');
    mkdirSync(broken);
    writeFileSync(path.join(broken, 'x.mp4'), 'no video');
    const refused = withRun(path.join(root, 'of broken'), alone(`data.unlabelled=${broken}`), {}, (run) =>
      runStages(run, ['pretext']),
    );
    await assert.rejects(refused, /^WorkError: 1 of 1 videos of data\.unlabelled cannot be used/);
  });
});
