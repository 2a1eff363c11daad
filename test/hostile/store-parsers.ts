import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readBundle } from '../../src/checkpoints/bundle-file.js';
import { encodeSafetensors } from '../../src/checkpoints/formats/safetensors.js';
import { hashTensors } from '../../src/checkpoints/formats/tensor.js';
import { RunStore } from '../../src/checkpoints/run-store.js';
import { sealJson } from '../../src/checkpoints/sealed.js';
import { startEngine } from '../../src/engine/backend.js';
import { reportRun } from '../../src/report/run/reported-run.js';
import { loadBundle, writeModel } from '../../src/stages/detect/model-bundle.js';
import { checkpoint } from '../support/checkpoints.js';
import { writeFakeRun } from '../support/fake-run.js';
import { hostileToken } from '../support/mutations.js';
import { randomModel, smallConfig } from '../support/random-model.js';
import { mutated } from './mutate.js';
import type { Parser } from './parser.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-hostile-'));
process.once('exit', () => {
  rmSync(folder, { recursive: true });
});
await startEngine();
const bundle = path.join(folder, 'model.lofi');
using model = randomModel(3, smallConfig({ encoder: { width: 2, frames: 2, stride: 2 } }));
writeModel(bundle, model, {});
const { description, tensors } = readBundle(bundle);
const exported = readFileSync(bundle);
const sha256 = hashTensors(tensors);

const run = path.join(folder, 'run');
new RunStore(run).save('joint', checkpoint(10));
const manifest = readFileSync(path.join(run, 'store/joint/10.json'));
const weights = readFileSync(path.join(run, 'store/joint/10.safetensors'));

const report = path.join(folder, 'report');
writeFakeRun(report, { seed: 1, noise: 0.5, videos: 4 });
const reported = [
  ...['config.yaml', 'dataset.json', 'detections.json', 'metrics.json', 'classification.json'],
  'store/pretrain/300.json',
];
const shown = Object.fromEntries(reported.map((name) => [name, readFileSync(path.join(report, name))]));

/** Readers of bundles and of run folders. */
export const storeParsers: Readonly<Record<string, Parser>> = {
  'bundle, damaged': {
    files: (random) => ({ 'm.lofi': mutated(exported, random, false) }),
    read: (at) => {
      loadBundle(at('m.lofi'))[Symbol.dispose]();
    },
  },
  'bundle with another description, sealed anew': {
    files: (random) => {
      const changed: unknown = parsed(hostileToken(JSON.stringify(description), random));
      const json = sealed({ description: typeof changed === 'object' && changed ? changed : description, sha256 });
      return { 'm.lofi': Buffer.concat(encodeSafetensors(tensors, { 'lofi-tal': json })) };
    },
    read: (at) => {
      loadBundle(at('m.lofi'))[Symbol.dispose]();
    },
  },
  manifest: {
    files: (random) => {
      const changed = parsed(mutated(manifest, random, true).toString());
      const anew = random.below(2) > 0 && typeof changed === 'object' && changed !== null;
      return {
        '10.json': anew ? Buffer.from(sealed(changed)) : mutated(manifest, random, true),
        '10.safetensors': random.below(4) > 0 ? weights : mutated(weights, random, false),
      };
    },
    read: (at) => {
      const home = at('run');
      mkdirSync(path.join(home, 'store/joint'), { recursive: true });
      for (const name of ['10.json', '10.safetensors']) renameSync(at(name), path.join(home, 'store/joint', name));
      const store = new RunStore(home);
      store.load('joint', 'best');
      store.finished('joint');
      rmSync(home, { recursive: true });
    },
  },
  'run folder that is reported': {
    files: (random) => {
      const chosen = random.pick(reported);
      return { ...shown, [chosen]: mutated(shown[chosen]!, random, true), 'store/pretrain/latest': Buffer.from('300') };
    },
    read: (at) => reportRun(at('.')),
    cases: 300,
  },
};

/** A changed document as somebody would seal it anew; an empty one where it has a number that is not finite. */
function sealed(changed: object): string {
  try {
    return sealJson(changed);
  } catch {
    return sealJson({});
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
