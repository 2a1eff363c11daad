import * as tf from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { startEngine } from './src/engine/backend.js';
import { captureCounts, setCapture } from './src/engine/capture/capture.js';
import { loadConfig } from './src/config/load.js';
import { randomStream } from './src/engine/random.js';
import { buildHead } from './src/models/heads/head-catalogue.js';
import { Parameters } from './src/models/parameters.js';
import { Owned } from './src/system/owned.js';
import { optimizerOf } from './src/train/optimizers/optimizer-of.js';
import { rulesOf } from './src/train/optimizers/parameter-rules.js';
import { ownedParts } from './src/train/trained-parts.js';
import { update } from './src/train/update.js';
await startEngine();
const file = process.argv[2] ?? 'configs/composed.yaml';
const rounds = Number(process.argv[3] ?? 6);
const { config } = loadConfig(file, []);
const owned = new Owned();
function make() {
  const head = buildHead(config.model, 1280, 7);
  const parameters = new Parameters(head.parameters, randomStream(1, 'head'));
  const planned = { head: { parameters, rules: rulesOf(config.head, parameters.specs) } };
  const parts = ownedParts(owned, 'head', config.head, planned, optimizerOf(config.head));
  const snippets = config.model.window!.snippets;
  const { batch } = config.head;
  const features = tf.randomNormal<tf.Rank.R3>([batch, snippets, 1280], 0, 1, 'float32', 1);
  return { parameters, step(step: number) {
    const n = 8 - (step % 3);
    const instances = Array.from({ length: n }, (_, i) => ({ start: (i + (step%5)/10) / 9, end: (i + 0.7) / 9, label: i % 7 }));
    const targets = Array.from({ length: batch }, () => head.targets(instances, snippets, snippets));
    return update(parts, [batch], config.head.clipNorm, { step, lr: 1e-4 * (1 + step / 10) }, { through: 'tape', loss: () => head.loss({ features, valid: targets.map(() => snippets) }, targets, { parameters, normalization: 'running' }, randomStream(1, 'draws', step)) });
  }, hash() { const h = createHash('sha256'); for (const n of parameters.trainable()) h.update(parameters.get(n).dataSync()); return h.digest('hex').slice(0, 16); } };
}
const [a, b] = [make(), make()];
const t: Record<string, number[][]> = { eager: [], captured: [] };
for (let i = 0; i < rounds; i++) for (const [name, on, m] of ([['eager', false, a], ['captured', true, b]] as const).filter(([n]) => !process.env.ONLY || n === process.env.ONLY)) {
  setCapture(on ? 'auto' : 'off'); const c0 = process.cpuUsage(); const t0 = performance.now();
  const { loss } = m.step(i);
  const c = process.cpuUsage(c0);
  t[name]!.push([performance.now() - t0, (c.user + c.system) / 1000]);
  console.log(i, name, loss, t[name]!.at(-1)!.map(Math.round), JSON.stringify(captureCounts()), tf.memory().numTensors);
}
console.log(a.hash(), b.hash());
