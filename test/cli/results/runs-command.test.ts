import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import yargs from 'yargs';
import { featureKey, FeatureStore } from '../../../src/checkpoints/feature-store.js';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { command } from '../../../src/cli/results/runs-command.js';
import { captureStderr, checkpoint } from '../../support/checkpoints.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Makes a run that has finished pretrain and extract and begun its head. */
function makeRun(folder: string) {
  const store = new RunStore(folder);
  store.save('pretrain', checkpoint(10, { best: { metric: 'top1', value: 0.25, step: 10 } }));
  const best = { metric: 'top1', value: 0.5, step: 20 };
  const encoder = store.save('pretrain', checkpoint(20, { best, finished: true }));
  const features = new FeatureStore(folder, featureKey({ encoder: encoder.sha256 }));
  for (const id of ['a', 'b', 'c']) features.put(id, { shape: [1, 2], data: Float32Array.of(1, 2) });
  const { sha256 } = features.finish();
  const head = store.save('head', checkpoint(5));
  return {
    pretrain: { step: 20, sha256: encoder.sha256, best: 0.5 },
    extract: { step: 3, sha256, best: null },
    head: { step: 5, sha256: head.sha256, best: null },
  };
}

/** The output of the command on stdout. */
async function runs(t: TestContext, ...args: string[]): Promise<string> {
  const written: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  // The test runner talks to its parent on the same stream, in bytes.
  const mock = t.mock.method(process.stdout, 'write', (chunk: string | Uint8Array) => {
    if (typeof chunk !== 'string') return write(chunk);
    written.push(chunk);
    return true;
  });
  try {
    await yargs(['runs', ...args])
      .command(command)
      .exitProcess(false)
      .fail(false)
      .parseAsync();
  } finally {
    mock.mock.restore();
  }
  return written.join('');
}

describe('lofi runs', () => {
  it('shows the stages of one run', async (t) => {
    const run = path.join(temporaryFolder(t), 'demo');
    const stages = makeRun(run);
    assert.deepEqual(JSON.parse(await runs(t, run, '--json')), { stages });
    const text = await runs(t, run);
    assert.match(text, /demo .* pretrain .* 20 .* 10 20 .* top1 0\.5000 at 20/);
    assert.match(text, /extract .* 3 videos/);
    assert.match(text, /head \(unfinished\) .* 5 /);
    assert(!text.includes('joint'));
  });

  it('lists the runs below a folder, at any depth', async (t) => {
    const folder = temporaryFolder(t);
    const stages = makeRun(path.join(folder, 'b'));
    cpSync(path.join(folder, 'b'), path.join(folder, 'a', 'moved'), { recursive: true });
    mkdirSync(path.join(folder, 'c', 'store'), { recursive: true });
    mkdirSync(path.join(folder, 'no-run'));
    const expected = [
      { name: path.join('a', 'moved'), stages },
      { name: 'b', stages },
      { name: 'c', stages: {} },
    ];
    assert.deepEqual(JSON.parse(await runs(t, folder, '--json')), { runs: expected });
    assert.match(await runs(t, folder), /c .* nothing yet/);
  });

  it('says when there is none, or no folder', async (t) => {
    const stderr = captureStderr(t);
    const folder = temporaryFolder(t);
    assert.equal(await runs(t, folder), '');
    assert.deepEqual(stderr, [`no runs below ${folder}\n`]);
    assert.deepEqual(JSON.parse(await runs(t, folder, '--json')), { runs: [] });
    await assert.rejects(runs(t, path.join(folder, 'none')), {
      name: 'UsageError',
      message: /^no such folder: .*none/,
    });
  });
});
