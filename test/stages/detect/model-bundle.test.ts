import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { readBundle, writeBundle } from '../../../src/checkpoints/bundle-file.js';
import type { TensorData } from '../../../src/checkpoints/formats/tensor.js';
import { encodeSafetensors } from '../../../src/checkpoints/formats/safetensors.js';
import { saveDataset, toDataset } from '../../../src/data/dataset.js';
import { randomStream } from '../../../src/engine/random.js';
import { exportBundle, loadBundle } from '../../../src/stages/detect/model-bundle.js';
import { probeVideo } from '../../../src/stages/detect/detect-files.js';
import { detectVideo } from '../../../src/stages/detect/detect-video.js';
import { head } from '../../../src/stages/head/head-stage.js';
import { modelOfRun, type TrainedModel } from '../../../src/stages/detect/trained-model.js';
import { UsageError } from '../../../src/system/errors.js';
import { flippedBits, growth, rewrite } from '../../support/mutations.js';
import { annotations, extractedRun } from '../../support/feature-runs.js';
import { testVideo } from '../../support/videos.js';
import { done } from '../../support/done.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const file = path.join(folder, 'out', 'model.lofi');

/** A dataset whose videos are nowhere, so that a run cannot look at them. */
function measuredDataset(): string {
  const videos = Object.entries(annotations().database).map(([id, { subset, duration, annotations: list }], i) => ({
    ...{ id, subset, duration: duration + i / 10, fps: 10, frames: 200, width: 64, height: 48 },
    path: path.join(folder, `${id}.mp4`),
    instances: (list as { segment: [number, number]; label: string }[]).map(({ segment: [start, end], label }) => ({
      ...{ start, end, label },
    })),
  }));
  const dataset = path.join(folder, 'dataset.json');
  saveDataset(dataset, toDataset(videos));
  return dataset;
}

async function detections(model: TrainedModel, video: string) {
  const found = [];
  for await (const part of detectVideo(model, await probeVideo('a', video))) found.push(...part.detections);
  model[Symbol.dispose]();
  return found;
}

test('a bundle finds what the run finds, and knows nothing of where it was made', async () => {
  const run = await extractedRun(path.join(folder, 'run'), measuredDataset());
  assert.throws(() => {
    exportBundle(run, file);
  }, /head is not finished in .*run: run `lofi head` first/);
  await done(head, run);
  const before = tf.memory().numTensors;
  exportBundle(run, file);
  // The six training videos are of 20 to 20.5 s.
  const model = loadBundle(file);
  assert.deepEqual([model.longest, model.localizer.classes], [20.5, ['jump', 'wave']]);
  const video = testVideo(path.join(folder, 'long.mp4'), { seconds: 45, rate: '10' });
  const expected = await detections(modelOfRun(run), video);
  assert.ok(expected.length > 50);
  assert.deepEqual(await detections(model, video), expected);
  assert.equal(tf.memory().numTensors, before);
  run.close();

  const text = readFileSync(file, 'latin1');
  for (const there of [folder, process.cwd(), 'dataset.json']) assert.ok(!text.includes(there), there);
  assert.match(text, /lofi-tal \d/);
});

test('what is no bundle, cut short or changed is refused in a line', () => {
  const good = readFileSync(file);
  const bad = path.join(folder, 'bad.lofi');
  const refused = (bytes: string | Uint8Array, said: RegExp) => {
    rewrite(bad, bytes);
    const before = tf.memory().numTensors;
    assert.throws(
      () => loadBundle(bad),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, said);
        assert.match(error.message, /^[^\p{Cc}\u2028\u2029]{10,700}$/u);
        return true;
      },
    );
    assert.equal(tf.memory().numTensors, before);
  };
  for (let i = 0; i < 60; i++) {
    const random = randomStream(1, 'bundle', i);
    refused(good.subarray(0, random.below(good.length)), /not a valid safetensors file|no model bundle/);
    refused(flippedBits(good, good.length, random), /bad\.lofi/);
    refused(flippedBits(good, 4000, random), /bad\.lofi/);
  }
  refused('{}', /not a valid safetensors file: .*bad\.lofi/);
  refused(Buffer.concat(encodeSafetensors(new Map())), /not a model bundle: .*bad\.lofi: make one with `lofi export/);
  writeBundle(bad, { description: { version: 1, classes: ['a'] }, tensors: new Map() });
  refused(readFileSync(bad), /model bundle of another version: .*bad\.lofi: longest: /);
  const model = loadBundle(file);
  const description = { ...{ version: 1, classes: ['a'], longest: 1 }, config: model.config };
  model[Symbol.dispose]();
  writeBundle(bad, { description: { ...description, version: 2 }, tensors: new Map() });
  refused(readFileSync(bad), /bad\.lofi: it is of version 2; export it again/);
  writeBundle(bad, { description, tensors: new Map() });
  refused(readFileSync(bad), /bad\.lofi does not fit the model: conv1\.weight is missing/);
  assert.throws(() => loadBundle(path.join(folder, 'no.lofi')), /model bundle not found: .*no\.lofi/);
  writeFileSync(bad, good);
  loadBundle(bad)[Symbol.dispose]();
});

test('a sealed bundle that asks for more than its tensors have, or than is sane, is refused before it takes memory', () => {
  const { description, tensors } = readBundle(file) as {
    description: { config: { model: object; full: object; encoder: object; detect: object } };
    tensors: Map<string, TensorData>;
  };
  const hostile = path.join(folder, 'hostile.lofi');
  const refused = (said: RegExp, change: object, section?: keyof typeof description.config, others = tensors) => {
    const { config } = description;
    const changed = section
      ? { ...description, config: { ...config, [section]: { ...config[section], ...change } } }
      : { ...description, ...change };
    writeBundle(hostile, { description: changed, tensors: others });
    const before = tf.memory().numTensors;
    const grown = growth(() => {
      assert.throws(() => loadBundle(hostile), { name: 'UsageError', message: said });
    });
    assert.ok(grown < 2 ** 27, `${grown} bytes`);
    assert.equal(tf.memory().numTensors, before);
  };
  refused(/hostile\.lofi: full\.snippets is 1000000 \(at most 1024\)$/, { snippets: 1e6 }, 'full');
  refused(/hostile\.lofi: full\.size is 1000000 \(at most 1024\)$/, { size: 1e6 }, 'full');
  refused(/does not fit the model: conv\.weight is \[/, { h1: 1e7 }, 'model');
  refused(/does not fit the model: /, { width: 2 ** 30, groups: 1 }, 'model');
  refused(/model\.inner is 1000000000 \(at most 256\)/, { inner: 1e9 }, 'model');
  refused(/model\.arp is 1000000000 \(at most 256\)/, { arp: 1e9 }, 'model');
  refused(/does not fit the model: conv\.weight is \[/, { arp: 2 }, 'model');
  refused(/does not fit the model: rgb\.conv1\.weight is missing; /, { input: 'rgb+dynamic', shift: 0 }, 'encoder');
  refused(/encoder\.window: 8 frames \(encoder\.frames\) are not/, { input: 'dynamic', window: 1e9 }, 'encoder');
  const pyramid = { ...description.config, model: { type: 'pyramid', levels: 1e9 } };
  refused(/model\.levels is 1000000000 \(at most 16\)/, { config: pyramid });
  refused(/encoder\.frames is 9007199254740991 \(at most 256\)/, { frames: Number.MAX_SAFE_INTEGER }, 'encoder');
  refused(/does not fit the model: conv1\.weight is \[/, { width: 4096 }, 'encoder');
  refused(/detect\.keep is 1000000000 \(at most 10000\)/, { keep: 1e9 }, 'detect');
  refused(/longest is 1e-300 \(at least 1\)/, { longest: 1e-300 });
  refused(/does not fit the model: fc\.weight is \[/, { classes: Array.from({ length: 50_000 }, (_, i) => `c${i}`) });
  const [name, first] = [...tensors].find(([, { dtype }]) => dtype === 'F32')!;
  const data = (first.data as Float32Array).slice();
  data[1] = NaN;
  const broken = new Map([...tensors, [name, { ...first, data }]]);
  refused(/hostile\.lofi: tensor ".*" is not finite: its value number 2 is NaN$/, {}, undefined, broken);
});
