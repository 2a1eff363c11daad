import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { npy } from '../../support/feature-files.js';
import { tiny, writeAnnotations, writeFeatures } from '../../support/feature-runs.js';
import { lofi, type Ended } from '../../support/lofi.js';

const root = mkdtempSync(path.join(os.tmpdir(), 'lofi-head-'));
const run = path.join(root, 'run');
const config = path.join(root, 'features.yaml');
const on = ['--config', config, '--run', run];

function failed({ code, stderr }: Ended, said: RegExp): void {
  assert.equal(code, 2, stderr);
  assert.match(stderr, said);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
}

describe('lofi on published features', () => {
  before(() => {
    writeAnnotations(root);
    writeFeatures(path.join(root, 'features'), '.npy', npy);
    const data = { root, annotations: 'annotations.json', features: 'features' };
    writeFileSync(
      config,
      stringify({ ...tiny, head: { ...tiny.head, lr: 4e-3 }, data, evaluation: { preset: 'thumos14' } }),
    );
  });
  after(() => {
    rmSync(root, { recursive: true });
  });

  it('run trains the head and nothing before it, and judges by the preset', async () => {
    const { code, stderr } = await lofi(['run', ...on]);
    assert.equal(code, 0, stderr);
    const { stages } = JSON.parse((await lofi(['runs', run, '--json'])).stdout) as { stages: object };
    assert.deepEqual(Object.keys(stages), ['segments', 'head']);
    const { tiou } = JSON.parse(readFileSync(path.join(run, 'metrics.json'), 'utf8')) as { tiou: number[] };
    assert.deepEqual([tiou.length, tiou[0]], [5, 0.3]);
  });

  it('a sweep prints its outcome, and says what to put into the configuration', async () => {
    const swept = await lofi(['head', ...on, '--sweep', 'lr=1e-3,1e-2', '--json']);
    assert.equal(swept.code, 0, swept.stderr);
    const { key, candidates, best } = JSON.parse(swept.stdout) as {
      key: string;
      candidates: { value: number; epoch: number; average_mAP: number }[];
      best: number;
    };
    assert.equal(key, 'lr');
    assert.deepEqual(
      candidates.map(({ value }) => value),
      [0.001, 0.01],
    );
    assert.ok(swept.stderr.includes(`put head.lr: ${best} into ${config}`), swept.stderr);
    const table = await lofi(['head', ...on, '--sweep', 'lr=1e-3,1e-2']);
    assert.match(table.stdout, /head\.lr.*best epoch.*validation mAP/);
    for (const { value, epoch, average_mAP } of candidates)
      assert.match(table.stdout, new RegExp(`${value} +│ ${epoch} +│ ${(100 * average_mAP).toFixed(2)} `));
    // The best rate of the sweep is not that of the configuration.
    const refused = await lofi(['head', ...on]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /head in .* another configuration/);
    assert.equal((await lofi(['head', ...on, '--set', `head.lr=${best}`])).code, 0);
  });

  it('wrong calls are one line', async () => {
    const wrong = async (said: RegExp, ...args: string[]) => {
      failed(await lofi(args), said);
    };
    for (const sweep of ['lr', 'lr=1,x'])
      await wrong(/--sweep .*: write a key of head and numbers: lr=2e-4/, 'head', ...on, '--sweep', sweep);
    await wrong(/0\.001 is listed twice/, 'head', ...on, '--sweep', 'lr=1e-3,0.001');
    await wrong(/unknown key head\.rate/, 'head', ...on, '--sweep', 'rate=1');
    await wrong(/--sweep takes --resume auto or never/, 'head', ...on, '--sweep', 'lr=1', '--resume', '3');
    await wrong(/data\.features is set: extract has nothing to do/, 'extract', ...on);
  });
});
