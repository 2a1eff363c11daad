import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { summarizeRun } from '../../../src/checkpoints/summary.js';
import { stages } from '../../../src/config/stages.js';
import type { Config } from '../../../src/config/schema.js';
import { detectSubset } from '../../../src/stages/detect/detect.js';
import { head } from '../../../src/stages/head/head-stage.js';
import { readRunConfig, withRun } from '../../../src/stages/run/run.js';
import { sweepHead, type SweepRow } from '../../../src/stages/head/sweep.js';
import { UsageError, WorkError } from '../../../src/system/errors.js';
import { npy } from '../../support/feature-files.js';
import { published, writeAnnotations, writeFeatures } from '../../support/feature-runs.js';
import { done } from '../../support/done.js';

const root = mkdtempSync(path.join(os.tmpdir(), 'lofi-sweep-'));
const folder = path.join(root, 'run');
const configOf = (lr: number, change: object = {}): Config => {
  const config = published(root, 'features', change);
  return { ...config, head: { ...config.head, lr } };
};
const rates = [1e-4, 1e-2, 1e30];
const candidates = rates.map((value) => ({ value, config: configOf(value) }));
const sweep = (list = candidates, change: object = {}) =>
  withRun(folder, configOf(4e-3, change), {}, (run) => sweepHead(run, 'lr', list));
const log = (...parts: string[]) => readFileSync(path.join(folder, ...parts, 'metrics.jsonl'), 'utf8');
const steps = (text: string) => text.split('\n').filter((line) => line.includes('"loss"')).length;

describe('a sweep of the rate of the head', () => {
  let rows: SweepRow[];
  let best: number;

  before(async () => {
    writeAnnotations(root);
    writeFeatures(path.join(root, 'features'), '.npy', npy);
    ({ rows, best } = await sweep());
  });
  after(() => {
    rmSync(root, { recursive: true });
  });

  it('trains each candidate as a run of its own would; one that diverges does not stop the others', async () => {
    const alone = path.join(root, 'alone');
    const { sha256 } = await withRun(alone, configOf(1e-2), {}, (run) => done(head, run));
    assert.equal(summarizeRun(path.join(folder, 'sweep', 'lr=0.01'), stages).head!.sha256, sha256);
    assert.deepEqual(
      rows.map(({ value, error }) => [value, error === undefined]),
      [
        [1e-4, true],
        [1e-2, true],
        [1e30, false],
      ],
    );
    assert.match(rows[2]!.error!, /head: the loss is (NaN|-?Infinity) at step/);
  });

  it('the best by validation is the head of the run, with its log and its configuration', async () => {
    const ended = rows.filter((row) => row.error === undefined);
    const top = Math.max(...ended.map(({ average_mAP }) => average_mAP));
    assert.equal(best, ended.find(({ average_mAP }) => average_mAP === top)!.value);
    const place = path.join('sweep', `lr=${best}`);
    const [own, its] = [summarizeRun(folder, stages).head!, summarizeRun(path.join(folder, place), stages).head!];
    assert.deepEqual(own, its);
    assert.equal(own.best!.value, top);
    assert.deepEqual(readRunConfig(folder), configOf(best));
    assert.equal(log(), log(place));
    const config = readRunConfig(folder);
    await withRun(folder, config, {}, async (run) => {
      // Finished: nothing is trained.
      assert.equal((await done(head, run)).sha256, its.sha256);
      assert.deepEqual(await detectSubset(run, 'validation', root), []);
    });
    assert.equal(log(), log(place));
  });

  it('again, it trains nothing; interrupted, it goes on; with another winner, that is taken over', async () => {
    const all = rates.slice(0, 2).map((rate) => log('sweep', `lr=${rate}`));
    const again = await sweep(candidates.slice(0, 2));
    assert.deepEqual(again, { rows: rows.slice(0, 2), best });
    assert.deepEqual(
      rates.slice(0, 2).map((rate) => log('sweep', `lr=${rate}`)),
      all,
    );
    // The run looks as if it had been killed after its last epoch but one.
    const store = new RunStore(path.join(folder, 'sweep', `lr=${best}`));
    store.discardAfter('head', store.steps('head').at(-2)!);
    assert.deepEqual(await sweep(candidates.slice(0, 2)), again);
    const worse = rates.find((rate) => rate !== best)!;
    rmSync(path.join(folder, 'sweep', `lr=${worse}`), { recursive: true });
    const other = await sweep(candidates.filter(({ value }) => value === worse));
    assert.equal(other.best, worse);
    assert.equal(
      summarizeRun(folder, stages).head!.sha256,
      summarizeRun(path.join(folder, 'sweep', `lr=${worse}`), stages).head!.sha256,
    );
    assert.equal(steps(log()), steps(log('sweep', `lr=${worse}`)));
    assert.equal(readRunConfig(folder).head.lr, worse);
  });

  it('with nothing to validate on, or only failures, it says so', async () => {
    await assert.rejects(sweep(candidates, { data: { validateOn: 'testing' } }), {
      name: UsageError.name,
      message: /judged by validation: no video of subset "testing"/,
    });
    await assert.rejects(sweep(candidates.slice(2)), {
      name: WorkError.name,
      message: /no head could be trained; the first: head/,
    });
  });
});
