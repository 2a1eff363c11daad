import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { loadDataset, saveDataset, toDataset } from '../../../src/data/dataset.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { detectSubset } from '../../../src/stages/detect/detect.js';
import { trainedEncoder } from '../../../src/stages/encoder/run-encoder.js';
import { extract } from '../../../src/stages/features/extract-stage.js';
import { featureStore } from '../../../src/stages/features/extracted-features.js';
import { head } from '../../../src/stages/head/head-stage.js';
import { goOn } from '../../../src/stages/run/policy.js';
import { openRun } from '../../../src/stages/run/run.js';
import { extractedRun, tiny } from '../../support/feature-runs.js';
import { done } from '../../support/done.js';
import { temporaryFolder } from '../../support/temporary.js';

const hostile = [
  '../../escape',
  '..',
  '/tmp/lofi-escape',
  'a/../../../escape',
  '-rf',
  '__proto__',
  '$(touch escape)',
  'a\nb',
];

test('ids that look like paths, options or commands are only names: nothing is written elsewhere', async (t) => {
  const root = temporaryFolder(t);
  const deep = path.join(root, 'a', 'b');
  mkdirSync(deep, { recursive: true });
  await synthesize({ out: path.join(deep, 'data'), videos: hostile.length, classes: 2, clipsPerClass: 1, seed: 1 });
  const { videos } = loadDataset(path.join(deep, 'data', 'dataset.json'));
  const dataset = path.join(deep, 'data', 'hostile.json');
  saveDataset(dataset, toDataset(videos.map((video, i) => ({ ...video, id: hostile[i]! }))));
  const outside = () =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
      (name) => !name.startsWith(path.join('a', 'b', 'run')),
    );
  const folder = path.join(deep, 'run');
  (await extractedRun(folder, dataset)).close();
  const before = outside();

  const config = configSchema.parse({ ...tiny, data: { dataset, missing: 'skip' } });
  const run = await openRun(folder, config, { policy: { ...goOn, allowConfigChange: true } });
  try {
    await extract.run(run);
    const store = featureStore(run, trainedEncoder(run).sha256);
    assert.ok(hostile.every((id) => store.has(id)));
    await done(head, run);
    const validation = run.dataset.videos.filter(({ subset }) => subset === 'validation').map(({ id }) => id);
    assert.deepEqual(await detectSubset(run, 'validation', folder), []);
    const { results } = JSON.parse(readFileSync(path.join(folder, 'detections.json'), 'utf8')) as { results: object };
    assert.deepEqual(Object.keys(results).sort(), validation.sort());
  } finally {
    run.close();
  }
  assert.deepEqual(outside(), before);
  assert.ok(!readdirSync('/tmp').includes('lofi-escape'));
});
