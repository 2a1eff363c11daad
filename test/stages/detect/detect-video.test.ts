import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import type { Features } from '../../../src/checkpoints/feature-store.js';
import { softNms, type Proposal } from '../../../src/evaluation/suppression/soft-nms.js';
import type { Detection } from '../../../src/evaluation/types.js';
import { windowFeatures, type Window } from '../../../src/models/heads/windows.js';
import { decodeFrames } from '../../../src/video/decode.js';
import { WorkError } from '../../../src/system/errors.js';
import { probeVideo } from '../../../src/stages/detect/detect-files.js';
import { detectVideo } from '../../../src/stages/detect/detect-video.js';
import { encodeFrames, fullFidelityRequest } from '../../../src/stages/encoder/full-fidelity.js';
import { localize, windowProposals } from '../../../src/stages/localize/localizer.js';
import { ownProposals, planWindows, thinned } from '../../../src/stages/localize/long-video.js';
import { ownLabels } from '../../../src/stages/segments/segment-classifier.js';
import { type TrainedModel } from '../../../src/stages/detect/trained-model.js';
import { assertClose } from '../../support/numeric.js';
import { randomModel, smallConfig } from '../../support/random-model.js';
import { testVideo } from '../../support/videos.js';
import { temporaryFolder } from '../../support/temporary.js';

await startEngine();
const file = testVideo(path.join(temporaryFolder(), 'a.mp4'), { seconds: 24 });
const video = await probeVideo('a', file);

/** All features of the video at once, as no video of any length could be done. */
async function allFeatures({ config, encoder }: TrainedModel, snippets: number): Promise<Features> {
  const frames = await decodeFrames(file, fullFidelityRequest(config, video, snippets));
  const rows = [...encodeFrames(config, encoder, frames)].flatMap((part) => [...part]);
  return { data: Float32Array.from(rows), shape: [snippets, encoder.encoder.channels] };
}

async function found(model: TrainedModel): Promise<Detection[]> {
  const before = tf.memory().numTensors;
  const detections: Detection[] = [];
  let last = 0;
  for await (const part of detectVideo(model, video)) {
    assert.ok(part.done > last && part.done <= 1);
    last = part.done;
    assert.deepEqual(
      part.detections.filter(({ segment: [start, end] }) => !(0 <= start && start < end && end <= video.duration)),
      [],
    );
    detections.push(...part.detections);
  }
  assert.equal(last, 1);
  assert.equal(tf.memory().numTensors, before);
  return detections;
}

function assertSame(actual: readonly Detection[], expected: readonly Detection[]): void {
  const key = ({ label, segment }: Detection) => `${label} ${segment.map((time) => time.toFixed(6)).join()}`;
  const byKey = (list: readonly Detection[]) => [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  assert.deepEqual(byKey(actual).map(key), byKey(expected).map(key));
  assertClose(
    byKey(actual).map(({ score }) => score),
    byKey(expected).map(({ score }) => score),
    1e-6,
  );
}

test('a video that is seen as a whole gets the detections that a split of the dataset gets', async () => {
  const model = randomModel(24);
  const features = await allFeatures(model, 16);
  const expected = localize(model.localizer, features, (x) => x * video.duration, model.config.detect);
  assert.ok(expected.length > 10);
  assertSame(await found(model), expected);
  model[Symbol.dispose]();
});

for (const [name, model, windows] of [
  ['a long one', randomModel(5), 9],
  [
    'one of a model with windows',
    randomModel(1, smallConfig({ model: { ...smallConfig().model, window: { snippets: 16, every: 7 } } })),
    10,
  ],
] as const) {
  test(`${name}, window by window: what comes of all its features at once`, async () => {
    const { config, localizer } = model;
    const plan = planWindows(config, model.longest, video);
    assert.equal(plan.windows.length, windows);
    const features = await allFeatures(model, plan.snippets);
    const nms = { sigma: config.detect.softNmsSigma, keep: config.detect.keep };
    const seen = plan.windows.map((window) => {
      const rows: Features = { data: windowFeatures(features, window), shape: [16, features.shape[1]] };
      const proposals = windowProposals(localizer, rows, 16, config.detect);
      return { window, rows, kept: softNms(ownProposals(proposals, window, plan), nms) };
    });
    const inWindow = <T extends Proposal>({ start }: Window, proposal: T) => ({
      ...proposal,
      start: (proposal.start - start) / 16,
      end: (proposal.end - start) / 16,
    });
    const seconds = (snippet: number) => (Math.min(plan.snippets, snippet) / plan.snippets) * video.duration;
    const expected = seen.flatMap(({ window, rows, kept }) => {
      // Those far away decay nothing.
      const others = seen.flatMap((other) => (other.window === window ? [] : other.kept));
      const last = thinned(kept, others, nms.sigma).map((proposal) => inWindow(window, proposal));
      return ownLabels(localizer.segments!, rows, last, config.detect.classes).map(({ label, score, start, end }) => ({
        label,
        score,
        segment: [seconds(window.start + 16 * start), seconds(window.start + 16 * end)] as [number, number],
      }));
    });
    const detections = await found(model);
    assertSame(detections, expected);
    const spans = new Set(detections.map(({ label, segment }) => `${label} ${segment.join()}`));
    assert.equal(spans.size, detections.length, 'one span twice');
    assert.ok(detections.some(({ segment }) => segment[0] > 20));
    model[Symbol.dispose]();
  });
}

test('a video that ends early is an error that names it', async () => {
  const model = randomModel(5);
  const short = { ...video, frames: 2 * video.frames, duration: 2 * video.duration };
  await assert.rejects(
    async () => {
      for await (const part of detectVideo(model, short)) assert.ok(part.done < 1);
    },
    (error) =>
      error instanceof WorkError && /cannot decode .*a\.mp4: frame \d+ of \d+ did not come/.test(error.message),
  );
  model[Symbol.dispose]();
});
