import assert from 'node:assert/strict';
import path from 'node:path';
import { before, test } from 'node:test';
import { RunStore } from '../../src/checkpoints/run-store.js';
import { loadConfig } from '../../src/config/load.js';
import { configSchema } from '../../src/config/schema.js';
import { synthesize } from '../../src/data/synth/synthesize.js';
import { evaluateRun } from '../../src/report/run/evaluate-run.js';
import { writeReport } from '../../src/report/write-report.js';
import { detectFiles } from '../../src/stages/detect/detect-files.js';
import { detectSubset } from '../../src/stages/detect/detect.js';
import { exportBundle, loadBundle } from '../../src/stages/detect/model-bundle.js';
import { runStages } from '../../src/stages/pipeline.js';
import { withRun } from '../../src/stages/run/run.js';
import { npy } from '../support/feature-files.js';
import { annotations, published, seededFeatures, writeFeatures } from '../support/feature-runs.js';
import { rewrite } from '../support/mutations.js';
import { temporaryFolder } from '../support/temporary.js';

const root = temporaryFolder();
const folder = (name: string) => path.join(root, name);

before(async () => {
  await synthesize({ out: folder('data'), videos: 4, classes: 1, clipsPerClass: 1, seed: 1 });
});

const heads = {
  gtad: ['pretrain.mixup=0.2'],
  pyramid: ['model={type: pyramid, width: 16, heads: 2, levels: 3, stem: 1, attention: 5, labelSmoothing: 0.1}'],
};

for (const [name, set] of Object.entries(heads))
  test(`one class of action goes through every stage with the ${name} head, from videos alone`, async () => {
    const { config } = loadConfig('configs/tiny.yaml', [
      ...set,
      ...['data.synthetic=null', `data.dataset=${folder('data/dataset.json')}`, 'encoder.width=4', 'full.size=24'],
      ...['pretrain.epochs=1', 'pretrain.size=24', 'joint.epochs=1', 'joint.shapes=[{ snippets: 24, size: 16 }]'],
      ...['head.epochs=1', 'head.warmupEpochs=0'],
    ]);
    const home = folder(name);
    await withRun(home, config, {}, async (run) => {
      await runStages(run, ['pretrain', 'joint', 'extract', 'head']);
      assert.deepEqual(await detectSubset(run, 'validation', home), []);
      exportBundle(run, folder(`${name}.lofi`));
    });
    const store = new RunStore(home);
    assert.deepEqual(store.manifest('pretrain')!.classes, ['move-left', 'no move-left']);
    assert.deepEqual(store.manifest('head')!.classes, ['move-left']);
    const { all } = evaluateRun(home, 'validation');
    assert.deepEqual(Object.keys(all.per_class), ['move-left']);
    await writeReport([home]);
    using model = loadBundle(folder(`${name}.lofi`));
    for await (const video of detectFiles(model, [folder('data/videos/synth_0003.mp4')])) {
      assert.ok('detections' in video && video.detections.length > 0);
      assert.ok(video.detections.every(({ label }) => label === 'move-left'));
    }
  });

const pyramid = { type: 'pyramid', width: 32, heads: 2, levels: 3, stem: 1, attention: 5 };
const training = { epochs: 40, batch: 3, lr: 1e-2, lrSteps: [], warmupEpochs: 0, ema: 0 };

for (const name of ['gtad', 'pyramid'] as const)
  test(`the ${name} head finds the actions of one class in features in which they can be seen`, async () => {
    const home = folder(`features-${name}`);
    const made = annotations();
    for (const { annotations: list } of Object.values(made.database))
      for (const one of list as { label: string }[]) one.label = 'jump';
    const features = writeFeatures(path.join(home, 'features'), '.npy', npy, seededFeatures());
    const given = published(home, features);
    rewrite(path.join(home, 'annotations.json'), JSON.stringify(made));
    const config = configSchema.parse({
      ...given,
      model: name === 'gtad' ? given.model : pyramid,
      head: { ...given.head, ...training },
    });
    await withRun(path.join(home, 'run'), config, {}, async (run) => {
      await runStages(run, ['head']);
      await detectSubset(run, 'validation', run.folder);
    });
    const { tiou, mAP } = evaluateRun(path.join(home, 'run'), 'validation').all;
    assert.equal(tiou[0], 0.5);
    assert.ok(mAP[0]! >= 0.5, `mAP ${String(mAP[0])}`);
  });
