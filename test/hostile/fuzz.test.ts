import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { runLimited } from '../support/limited.js';
import { temporaryFolder } from '../support/temporary.js';

/** Of each parser. All are seeded, so that a case that fails can be made again. */
const cases = 2000;
const limits = { mebibytes: 1024, seconds: 240, env: { LOFI_ENGINE: 'wasm' } };

for (const group of ['binary', 'text', 'tool', 'store']) {
  test(`${group} files: ${cases} hostile ones of each kind are read, or refused in a line, within 1 GiB`, async (t) => {
    const progress = path.join(temporaryFolder(t), 'progress');
    const child = new URL('../hostile/child.ts', import.meta.url);
    const ended = await runLimited(child, [group, String(cases), progress], limits);
    const at = () => readFileSync(progress, 'utf8').trim();
    assert.equal(ended.killed, null, `${at()}: ${ended.killed ?? ''}`);
    assert.equal(ended.code, 0, `${at()}: ${ended.stdout} ${ended.stderr}`);
    const { counts, mebibytes } = JSON.parse(ended.stdout) as {
      counts: Record<string, { read: number; refused: number }>;
      mebibytes: number;
    };
    assert.ok(mebibytes < limits.mebibytes, `${mebibytes} MiB`);
    // A reader that refuses everything, or nothing, would not have been tested.
    for (const [name, { read, refused }] of Object.entries(counts)) {
      t.diagnostic(`${name}: ${read} read, ${refused} refused`);
      assert.ok(refused > 0 || name === 'manifest', name);
    }
    t.diagnostic(`at most ${Math.round(mebibytes)} MiB`);
  });
}
