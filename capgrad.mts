import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from './src/engine/backend.js';
import { captureCounts, captured, setCapture } from './src/engine/capture/capture.js';
import { loadConfig } from './src/config/load.js';
import { randomStream } from './src/engine/random.js';
import { buildHead } from './src/models/heads/head-catalogue.js';
import { Parameters } from './src/models/parameters.js';
import { lossAndGradients } from './src/train/gradients.js';
await startEngine();
const { config } = loadConfig('configs/composed.yaml', ['model.width=64', 'model.window.snippets=64']);
const head = buildHead(config.model, 64, 7);
const parameters = new Parameters(head.parameters, randomStream(1, 'head'));
const features = tf.randomNormal<tf.Rank.R3>([2, 64, 64], 0, 1, 'float32', 1);
const instances = Array.from({ length: 3 }, (_, i) => ({ start: i / 9, end: (i + 0.7) / 9, label: i % 7 }));
const targets = [0, 1].map(() => head.targets(instances, 64, 64));
const run = () => captured('x', () => lossAndGradients(() => head.loss({ features, valid: [64, 64] }, targets, { parameters, normalization: 'running' }, randomStream(1, 'draws', 1)), new Map([['head', parameters]])));
setCapture('off');
const ref = run();
setCapture('on');
for (let i = 0; i < 4; i++) {
  const got = run();
  let bad = 0;
  for (const [n, g] of got.gradients.get('head')!) {
    const a = g.dataSync(), b = ref.gradients.get('head')!.get(n)!.dataSync();
    const d = Math.max(...Array.from(a, (v, k) => Math.abs(v - b[k]!)));
    if (d > 0) { bad++; if (bad < 12) console.log(n, g.shape, d, Math.max(...Array.from(b, Math.abs))); }
  }
  console.log(i, got.total === ref.total, bad, captureCounts());
}
