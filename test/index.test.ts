import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { evaluateDetections, loadModel, presets, type FoundAction, type GroundTruth } from '../src/index.js';
import { testVideo } from './support/videos.js';
import { temporaryFolder } from './support/temporary.js';

const truth: GroundTruth = {
  database: { a: { subset: 'validation', duration: 20, annotations: [{ segment: [2, 8], label: 'jump' }] } },
};

test('the library evaluates detections, and loads no engine for it', () => {
  const results = { a: [{ segment: [2, 8] as [number, number], score: 0.9, label: 'jump' }] };
  const { tiou } = presets.activitynet;
  assert.equal(evaluateDetections(truth, { results }, { subset: 'validation', tiou }).average_mAP, 1);
  // tfjs-core leaves this behind wherever it is loaded.
  assert.ok(!('_tfengine' in globalThis));
});

test('a bundle is loaded, finds actions in a video, and is gone', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'model.lofi');
  await assert.rejects(loadModel(file), { name: 'UsageError', message: `model bundle not found: ${file}` });
  const [tf, { randomModel }, { writeModel }] = await Promise.all([
    import('@tensorflow/tfjs-core'),
    import('./support/random-model.js'),
    import('../src/stages/detect/model-bundle.js'),
  ]);
  const random = randomModel(3);
  writeModel(file, random, {});
  random[Symbol.dispose]();

  const before = tf.memory().numTensors;
  const model = await loadModel(file);
  assert.deepEqual(model.classes, ['jump', 'a <b> & "c"']);
  const found: FoundAction[] = [];
  for await (const action of model.detect(testVideo(path.join(folder, 'a.mp4'), { seconds: 7 }))) found.push(action);
  assert.ok(found.length > 20);
  for (const { label, score, start, end } of found)
    assert.ok(model.classes.includes(label) && score > 0 && score < 1 && 0 <= start && start < end && end <= 7);
  // Leaving early ends the decoder.
  for await (const action of model.detect(path.join(folder, 'a.mp4'))) {
    assert.deepEqual(action, found[0]);
    break;
  }
  await assert.rejects(model.detect(file).next(), {
    name: 'WorkError',
    message: /not a readable video: .*model\.lofi/,
  });
  for (const wrong of [undefined, null, 7, ''] as unknown[] as string[]) {
    const said = wrong === '' ? "''" : typeof wrong;
    const refused = (what: string) => ({ name: 'UsageError', message: `${what}, not ${said}` });
    await assert.rejects(model.detect(wrong).next(), refused('detect takes the path of a video file'));
    await assert.rejects(loadModel(wrong), refused('loadModel takes the path of a bundle'));
  }
  const begun = model.detect(path.join(folder, 'a.mp4'));
  await begun.next();
  model.dispose();
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
  const gone = { name: 'UsageError', message: 'the model has been disposed of: load it again with loadModel' };
  await assert.rejects(model.detect(path.join(folder, 'a.mp4')).next(), gone);
  await assert.rejects(async () => {
    while (!(await begun.next()).done);
  }, gone);
});
