import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { readMetrics } from '../../../src/checkpoints/metrics.js';
import { configSchema } from '../../../src/config/schema.js';
import { startFrameLoader } from '../../../src/data/frames/loader.js';
import type { FrameSource } from '../../../src/data/frames/request.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { randomStream } from '../../../src/engine/random.js';
import { trainedEncoder } from '../../../src/stages/encoder/run-encoder.js';
import { extract } from '../../../src/stages/features/extract-stage.js';
import { featureStore } from '../../../src/stages/features/extracted-features.js';
import { joint } from '../../../src/stages/joint/joint-stage.js';
import type { Run } from '../../../src/stages/run/run.js';
import { WorkError } from '../../../src/system/errors.js';
import { captureStderr } from '../../support/checkpoints.js';
import { extractedRun, tiny } from '../../support/feature-runs.js';
import { done } from '../../support/done.js';
import { hoursOfVideo, lastOfHours } from '../../support/videos.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Fractions of the reads that fail and that never end. */
const rates = { fail: 0.05, hang: 0.01 };
const epochs = 20;
/** Training videos of the set. */
const videos = 6;

interface Faulty {
  run: Run;
  /** Reads so far that failed, and that hung. */
  faults: { failed: number; hung: number };
}

/**
 * A run whose disk fails now and then: some reads are of a file that is not a video, or of the
 * end of hours of video.
 */
async function faultyRun(t: TestContext, missing: 'fail' | 'skip', { fail, hang } = rates): Promise<Faulty> {
  const root = temporaryFolder(t);
  await synthesize({ out: root, videos: 8, classes: 2, clipsPerClass: 1, seed: 1 });
  const dataset = path.join(root, 'dataset.json');
  const run = await extractedRun(path.join(root, 'run'), dataset);
  const config = configSchema.parse({
    ...tiny,
    data: { dataset, missing },
    joint: { epochs, batch: 2, lr: 1e-3, lrSteps: [], shapes: [{ snippets: 8, size: 16 }] },
  });
  const broken = path.join(root, 'broken.mp4');
  writeFileSync(broken, 'no video');
  const hours = hang > 0 ? hoursOfVideo(path.join(root, 'hanging.mp4')) : '';
  const { load, close } = startFrameLoader({ processes: 2, seconds: 0.5, memory: 1e8, disk: null });
  t.after(() => {
    close();
    run.close();
  });
  const faults = { failed: 0, hung: 0 };
  let reads = 0;
  const faulty: FrameSource = (request) => {
    const drawn = randomStream(1, 'faults', reads++).uniform();
    if (drawn >= fail + hang) return load(request);
    if (drawn < fail) {
      faults.failed++;
      return load({ ...request, file: broken });
    }
    faults.hung++;
    const indices = request.indices.map(() => lastOfHours);
    return load({ ...request, file: hours, indices, family: indices.slice(0, 1) });
  };
  return { run: { ...run, config, frames: { load: faulty, close } }, faults };
}

test('missing: skip: reads that fail or hang are left out, counted, and training comes to its end', async (t) => {
  const { run, faults } = await faultyRun(t, 'skip');
  const stderr = captureStderr(t);
  const { step } = await done(joint, run);
  assert.equal(step, (epochs * videos) / 2);
  assert.ok(faults.failed > 0 && faults.hung > 0, JSON.stringify(faults));
  const skipped = readMetrics(run.log.file).flatMap((record) => (record.skipped as string[] | undefined) ?? []);
  assert.equal(skipped.filter((reason) => /broken\.mp4: /.test(reason)).length, faults.failed);
  assert.equal(skipped.filter((reason) => /hanging\.mp4: .*data\.stallSeconds/.test(reason)).length, faults.hung);
  // On a busy machine a good read may take too long as well.
  const told = `joint: ${skipped.length} samples could not be read and were left out`;
  assert.ok(
    stderr.some((line) => line.includes(told)),
    stderr.join(''),
  );
});

test('missing: fail: the training keeps what it has and stops with the name of the file', async (t) => {
  const { run } = await faultyRun(t, 'fail', { fail: 0.05, hang: 0 });
  await assert.rejects(
    done(joint, run),
    (error) => error instanceof WorkError && /(broken|hanging)\.mp4/.test(error.message),
  );
});

test('extract leaves out what cannot be read, or stops with its name', async (t) => {
  const { run } = await faultyRun(t, 'skip', { fail: 0.3, hang: 0 });
  const stderr = captureStderr(t);
  const again: Run = { ...run, policy: { ...run.policy, allowConfigChange: true } };
  await extract.run(again);
  const store = featureStore(again, trainedEncoder(again).sha256);
  assert.ok(stderr.some((line) => /^warning: left out: .*broken\.mp4/.test(line)));
  // On a busy machine a good read may take too long as well.
  const missing = stderr.filter((line) => line.startsWith('warning: left out: ')).length;
  assert.equal(run.dataset.videos.filter(({ id }) => !store.has(id)).length, missing);
  const strict = {
    ...again,
    config: { ...run.config, full: { snippets: 8, size: 32 }, data: { ...run.config.data, missing: 'fail' as const } },
  };
  await assert.rejects(extract.run(strict), (error) => error instanceof WorkError && /broken\.mp4/.test(error.message));
});
