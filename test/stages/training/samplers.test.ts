import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { hashTensors } from '../../../src/checkpoints/formats/tensor.js';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { readMetrics } from '../../../src/checkpoints/metrics.js';
import { configSchema } from '../../../src/config/schema.js';
import { head } from '../../../src/stages/head/head-stage.js';
import { joint } from '../../../src/stages/joint/joint-stage.js';
import { pretrain } from '../../../src/stages/pretrain/pretrain-stage.js';
import { openRun, type Run } from '../../../src/stages/run/run.js';
import { stateOf } from '../../../src/stages/training/stage-progress.js';
import { captureStderr } from '../../support/checkpoints.js';
import { npy } from '../../support/feature-files.js';
import { published, writeAnnotations, writeFeatures } from '../../support/feature-runs.js';
import { learntLog } from '../../support/log.js';
import { temporaryFolder } from '../../support/temporary.js';

const types = ['history', 'classGaussian', 'model'] as const;
type Stage = 'pretrain' | 'joint' | 'segments' | 'head';

/** What a stage has left: all tensors, with those of the sampler, its state, and the log. */
function outcome(folder: string, stage: Stage) {
  const { tensors, manifest } = new RunStore(folder).load(stage, 'latest')!;
  assert.ok(manifest.finished);
  return {
    sha256: hashTensors(tensors),
    sampler: [...tensors.keys()].filter((name) => name.startsWith('sampler.')),
    source: stateOf({ manifest }).source,
    log: learntLog(path.join(folder, 'metrics.jsonl'), (record) => record.stage === stage),
  };
}

/** A run whose power is cut after a step of a stage. */
function cutAt(run: Run, stage: Stage, last: number): Run {
  const beat = (name: string, step: number) => {
    if (name === stage && step === last) throw new Error('power cut');
  };
  return { ...run, heartbeat: { beat } as unknown as Run['heartbeat'] };
}

/** Trains the stages on features, in a folder of features. */
function onFeatures(t: TestContext) {
  const root = temporaryFolder(t);
  writeAnnotations(root);
  writeFeatures(path.join(root, 'features'), '.npy', npy);
  return {
    folder: (name: string) => path.join(root, name),
    attempt: async (name: string, change: object, cut: (run: Run) => Run = (run) => run) => {
      const run = await openRun(path.join(root, name), published(root, 'features', change));
      try {
        await head.run(cut({ ...run, heartbeat: { beat: () => undefined } as unknown as Run['heartbeat'] }));
      } finally {
        run.close();
      }
    },
  };
}

describe('training with a sampler', () => {
  for (const type of types) {
    const sampler = { type, warmup: 1 };
    const change = {
      head: { epochs: 2, batch: 2, lr: 1e-2, lrSteps: [], sampler, classifier: { epochs: 3, sampler } },
      checkpoint: { everySteps: 1 },
    };

    it(`${type}: interrupted in an epoch or at its end, on features, it ends as if it never had been`, async (t) => {
      const { attempt, folder } = onFeatures(t);
      await attempt('alone', change);
      for (const [stage, steps] of [
        ['segments', [1, 3]],
        ['head', [2, 3, 5]],
      ] as const) {
        const expected = outcome(folder('alone'), stage);
        assert.equal(expected.source!.seen.length, 0);
        assert.equal(expected.sampler.length > 0, type === 'history');
        for (const last of steps) {
          const name = `${stage} ${last}`;
          await assert.rejects(
            attempt(name, change, (run) => cutAt(run, stage, last)),
            /power cut/,
          );
          await attempt(name, change);
          assert.deepEqual(outcome(folder(name), stage), expected, `cut after step ${last} of ${stage}`);
        }
      }
    });

    it(`${type}: rolled back after it diverged, it is the training at the lower rate, sampler and all`, async (t) => {
      const { attempt, folder } = onFeatures(t);
      captureStderr(t);
      const rate = (lr: number) => ({ ...change, head: { ...change.head, lr }, checkpoint: {} });
      const training = { onDivergence: 'rollback', rollbackFactor: 1e-30, maxRollbacks: 1 };
      await attempt('diverged', { ...rate(1e28), training });
      await attempt('plain', rate(1e28 * 1e-30));
      const [diverged, plain] = [outcome(folder('diverged'), 'head'), outcome(folder('plain'), 'head')];
      assert.match(diverged.log[0]!, /"rollback"/);
      assert.equal(diverged.sha256, plain.sha256);
      assert.deepEqual(diverged.source, plain.source);
    });
  }

  it('logs the plain loss, the weighted one, and the gain, of batches that were chosen', async (t) => {
    const { attempt, folder } = onFeatures(t);
    await attempt('run', {
      head: { epochs: 3, batch: 3, sampler: { type: 'model', k: 0.5 }, classifier: { epochs: 1 } },
    });
    const steps = readMetrics(path.join(folder('run'), 'metrics.jsonl')).filter(
      (record) => record.stage === 'head' && 'loss' in record,
    );
    assert.deepEqual(
      steps.map((step) => 'sampling' in step),
      [false, false, true, true, true, true],
    );
    for (const { loss, weighted, sampling } of steps.slice(2)) {
      const { tau, threshold, capped } = sampling as { tau: number; threshold: number; capped: number };
      assert.ok(tau >= 1 && threshold === 2 && capped === 0);
      assert.ok(Number.isFinite(weighted) && weighted !== loss);
    }
    assert.ok(steps.slice(0, 2).every((step) => !('weighted' in step)));
  });

  it('history, in the stages that read videos: interrupted, they end at the same bits', async (t) => {
    const root = temporaryFolder(t);
    const sampler = { type: 'history', warmup: 1 };
    const config = configSchema.parse({
      data: { synthetic: { videos: 4, classes: 2, clipsPerClass: 3 }, prefetch: 3 },
      encoder: { width: 8, frames: 2 },
      pretrain: { epochs: 2, batch: 2, size: 16, sampler },
      full: { snippets: 8, size: 16 },
      model: { type: 'pyramid', width: 16, levels: 2 },
      joint: {
        ...{ epochs: 3, batch: 1, microBatch: 1, sampler },
        shapes: [
          { snippets: 4, size: 16 },
          { snippets: 8, size: 16 },
        ],
      },
      checkpoint: { everySteps: 1 },
    });
    const attempt = async (name: string, cut: (run: Run) => Run) => {
      const run = await openRun(path.join(root, name), config);
      try {
        const own = cut({ ...run, heartbeat: { beat: () => undefined } as unknown as Run['heartbeat'] });
        for (const stage of [pretrain, joint]) await stage.run(own);
      } finally {
        run.close();
      }
    };
    await attempt('alone', (run) => run);
    for (const [stage, last] of [
      ['pretrain', 3],
      ['joint', 4],
    ] as const) {
      await assert.rejects(
        attempt(stage, (run) => cutAt(run, stage, last)),
        /power cut/,
      );
      await attempt(stage, (run) => run);
      const expected = outcome(path.join(root, 'alone'), stage);
      assert.deepEqual(outcome(path.join(root, stage), stage), expected);
      assert.ok(expected.log.some((line) => line.includes('"sampling"')));
    }
    // Each fidelity of the joint stage has histories of its own.
    const { sampler: kept } = outcome(path.join(root, 'alone'), 'joint');
    assert.ok(['sampler.losses.4x16', 'sampler.losses.8x16'].every((name) => kept.includes(name)));
  });

  it('by the model itself is refused in the stages that read videos', () => {
    for (const stage of ['pretrain', 'joint'])
      assert.throws(() => configSchema.parse({ [stage]: { sampler: { type: 'model' } } }), /shuffled/);
  });
});
