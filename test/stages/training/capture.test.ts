import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, it } from 'node:test';
import { hashTensors } from '../../../src/checkpoints/formats/tensor.js';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { startEngine } from '../../../src/engine/backend.js';
import { captureCounts, setCapture } from '../../../src/engine/capture/capture.js';
import { head } from '../../../src/stages/head/head-stage.js';
import { openRun, type Run } from '../../../src/stages/run/run.js';
import { npy } from '../../support/feature-files.js';
import { published, writeAnnotations, writeFeatures } from '../../support/feature-runs.js';
import { temporaryFolder } from '../../support/temporary.js';

const { name } = await startEngine();
const native = name === 'tensorflow' ? {} : { skip: 'needs native TensorFlow' };

afterEach(() => {
  setCapture('auto');
});

it('captured, and interrupted meanwhile, a head ends at the bits of single calls', native, async (t) => {
  const root = temporaryFolder(t);
  writeAnnotations(root);
  writeFeatures(path.join(root, 'features'), '.npy', npy);
  /** Trains in a folder of its own, up to a power cut if there is one. Returns how many stretches were captured. */
  const train = async (folder: string, capture: string, cut = Infinity): Promise<number> => {
    const change = {
      ...{ engine: { capture }, checkpoint: { everySteps: 1 }, model: { type: 'gtad' } },
      head: { epochs: 5, batch: 2, lr: 1e-3, lrSteps: [], classifier: { epochs: 3 } },
    };
    const run = await openRun(path.join(root, folder), published(root, 'features', change));
    const beat = (stage: string, step: number) => {
      if (stage === 'head' && step === cut) throw new Error('power cut');
    };
    const before = captureCounts()!.captured;
    try {
      await head.run({ ...run, heartbeat: { beat } as unknown as Run['heartbeat'] });
    } finally {
      run.close();
    }
    return captureCounts()!.captured - before;
  };
  const result = (folder: string) => hashTensors(new RunStore(path.join(root, folder)).load('head', 'latest')!.tensors);

  assert.equal(await train('eager', 'off'), 0);
  const before = captureCounts()!.captured;
  await assert.rejects(train('captured', 'on', 8), /power cut/);
  await train('captured', 'on');
  assert.ok(captureCounts()!.captured - before > 10);
  assert.equal(result('captured'), result('eager'));
});
