import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../support/temporary.js';
import { lofi } from '../../support/lofi.js';

function configuration(t: TestContext): string {
  const file = path.join(temporaryFolder(t), 'multigrid.yaml');
  const pretrain = 'pretrain: { batch: 4, epochs: 4, lr: 0.5, lrSteps: [2], multigrid: { epochFactor: 1 } }';
  writeFileSync(file, `data: { trainVideos: 100 }\n${pretrain}\n`);
  return file;
}

test('schedule prints multigrid step by step, as lines and as JSON', async (t) => {
  const args = ['schedule', '--config', configuration(t), '--stage', 'pretrain', '--steps', '2'];
  const lines = await lofi(args);
  assert.deepEqual(
    [lines.code, lines.stdout, lines.stderr],
    [0, 'step 0 epoch 0 1x112 frames 2 batch 64 lr 4\nstep 1 epoch 0 1x158 frames 2 batch 32 lr 4\n', ''],
  );
  const json = await lofi([...args, '--json']);
  assert.deepEqual(JSON.parse(json.stdout), [
    { step: 0, epoch: 0, snippets: 1, size: 112, batch: 64, lr: 4, frames: 2 },
    { step: 1, epoch: 0, snippets: 1, size: 158, batch: 32, lr: 4, frames: 2 },
  ]);
});

test('schedule refuses, in one line, what makes no plan', async (t) => {
  const args = ['schedule', '--config', configuration(t), '--stage', 'pretrain'];
  const wrong: [string[], RegExp][] = [
    [['--steps', 'many'], /^lofi: --steps [^\n]*\n$/],
    [['--steps', '0'], /^lofi: --steps [^\n]*\n$/],
    [['--set', 'pretrain.lrSteps=[9]'], /^lofi: pretrain\.multigrid: [^\n]*pretrain\.lrSteps[^\n]*\n$/],
  ];
  for (const [more, said] of wrong) {
    const { code, stdout, stderr } = await lofi([...args, ...more]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, said);
  }
});
