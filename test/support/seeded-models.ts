/**
 * Prints what the engine computes of seeded inputs, for the comparison of two engines: name → values, as JSON.
 *   LOFI_ENGINE=wasm node --import tsx test/support/seeded-models.ts
 */
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import type { Encoder } from '../../src/models/encoders/encoder.js';
import { mobilenetV2 } from '../../src/models/encoders/mobilenet-v2.js';
import { resnet18 } from '../../src/models/encoders/resnet.js';
import { anchors } from '../../src/models/heads/gtad/anchors.js';
import { GtadHead } from '../../src/models/heads/gtad/gtad.js';
import { labels } from '../../src/models/heads/gtad/labels.js';
import { gtadLoss } from '../../src/models/heads/gtad/gtad-loss.js';
import { lossWeights } from '../../src/models/heads/gtad/loss-weights.js';
import { Parameters } from '../../src/models/parameters.js';
import { clipByGlobalNorm, lossAndGradients } from '../../src/train/gradients.js';
import { adam } from '../../src/train/optimizers/optimizers.js';
import { StatisticsCollector } from '../../src/train/statistics.js';
import { seeded } from './numeric.js';

const { name: engine } = await startEngine();
const out: Record<string, number[]> = {};
const shift = 8;
const snippets = 6;

/** One whole step of training, and features by the running statistics afterwards. */
function step(name: string, encoder: Encoder, normalization: 'batch' | 'running'): void {
  const parameters = new Parameters(encoder.parameters, randomStream(1, name));
  const head = new GtadHead({
    features: encoder.channels,
    h1: 16,
    h2: 8,
    h3: 16,
    groups: 4,
    width: 16,
    k: 3,
    inner: 6,
    context: 2,
  });
  const headParameters = new Parameters(head.parameters, randomStream(2, name));
  const x = seeded<tf.Rank.R6>([2, snippets, 3, 32, 32, 3], 'frames', 0, 255);
  const list = anchors(snippets);
  const draws = randomStream(3);
  const weights = lossWeights([labels([[0.1, 0.5]], snippets, list), labels([[0.4, 0.9]], snippets, list)], () =>
    draws.uniform(),
  );
  const statistics = new StatisticsCollector();
  const parts = new Map([
    ['encoder', parameters],
    ['head', headParameters],
  ]);
  const pass = { parameters, normalization, onStatistics: statistics.collect };
  const { total, terms, gradients } = lossAndGradients(
    (features) => {
      const output = head.apply(features!, { parameters: headParameters, normalization: 'running' });
      const { total, tem, reg, cls } = gtadLoss(output, weights);
      return { total, terms: { tem, reg, cls } };
    },
    parts,
    { encoded: encoder.record(tf.clone(x), pass) },
  );
  out[`${name} loss`] = [total, ...Object.values(terms)];
  const clipped = clipByGlobalNorm(gradients, 1);
  for (const [part, byName] of clipped) {
    const all = [...byName].map(([parameter, gradient]) => ({ parameter, values: [...gradient.dataSync()] }));
    for (const { parameter, values } of all) out[`${name} gradient ${part}.${parameter}`] = values;
    const rules = new Map([...byName.keys()].map((key) => [key, { lr: 1, weightDecay: 1e-4 }]));
    // The rate is so small that the sign of a gradient of nearly zero, by which Adam steps, does not show.
    adam(parts.get(part)!, rules).step(byName, 1e-6);
  }
  statistics.update(parameters);
  out[`${name} features`] = [...encoder.encode(x, { parameters, normalization: 'running' }).dataSync()];
}

step('resnet18', resnet18({ width: 4, shift }), 'batch');
// 52 normalisations by the statistics of 36 pictures amplify rounding errors until gradients are noise on any engine.
step('mobilenet-v2', mobilenetV2({ width: 0.1, shift }), 'running');
process.stdout.write(JSON.stringify({ engine, out }));
