import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { npy } from '../../support/feature-files.js';
import { annotations, tiny, writeFeatures } from '../../support/feature-runs.js';
import { lofi } from '../../support/lofi.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Runs on published features, with other subsets for the videos of validation. */
async function runWith(t: Parameters<typeof temporaryFolder>[0], validation: string) {
  const folder = temporaryFolder(t);
  const made = annotations();
  for (const video of Object.values(made.database)) if (video.subset === 'validation') video.subset = validation;
  writeFileSync(path.join(folder, 'annotations.json'), JSON.stringify(made));
  const features = writeFeatures(path.join(folder, 'features'), '.npy', npy);
  const config = path.join(folder, 'own.yaml');
  const data = { root: folder, annotations: 'annotations.json', features };
  writeFileSync(config, stringify({ ...tiny, head: { ...tiny.head, epochs: 1 }, data }));
  const run = path.join(folder, 'run');
  return { ...(await lofi(['run', '--config', config, '--run', run])), run };
}

test('without validation videos a run ends well, and says at its start what it leaves out', async (t) => {
  const { code, stdout, stderr, run } = await runWith(t, 'training');
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^warning: no video is in subset "validation" \(data\.validateOn\), so nothing is validated: /m);
  assert.match(stderr, /^run: done, without validation /m);
  assert.ok(existsSync(path.join(run, 'store', 'head')) && !existsSync(path.join(run, 'metrics.json')));
});

test('validation videos under another name are refused before anything is trained', async (t) => {
  const { code, stderr, run } = await runWith(t, 'val');
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^lofi: data\.validateOn: .* it has "training" \(6 videos\), "val" \(3\); set data\.validateOn/m,
  );
  assert.ok(!existsSync(path.join(run, 'store')));
});
