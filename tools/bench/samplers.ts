/**
 * Measures what choosing items by their losses adds to a step of a head.
 *
 *   npx tsx tools/bench/samplers.ts [--rounds 9]
 *
 * For the heads of `configs/composed.yaml` and `configs/fir.yaml` it takes in turn: eight steps with shuffled batches;
 * eight steps whose items are weighted; and what the history of losses does for eight batches, which is learning from
 * them and scoring all items once. Prints one JSON line for each head, with medians in seconds of a step: `overhead` is
 * what the sampler adds, as a fraction of the shuffled step.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { loadConfig } from '../../src/config/load.js';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { buildHead } from '../../src/models/heads/head-catalogue.js';
import { Parameters } from '../../src/models/parameters.js';
import { Owned } from '../../src/system/owned.js';
import { print } from '../../src/system/say.js';
import { optimizerOf } from '../../src/train/optimizers/optimizer-of.js';
import { rulesOf } from '../../src/train/optimizers/parameter-rules.js';
import { historyModel } from '../../src/train/samplers/history/history-model.js';
import { ownedParts } from '../../src/train/trained-parts.js';
import { undivided } from '../../src/train/ranks/division.js';
import { update, type UpdateOptions } from '../../src/train/update.js';
import { median, rounded } from './figures.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } });
/** Training videos of the sets. */
const heads = [
  { config: 'configs/composed.yaml', items: 60, classes: 7, channels: 1280 },
  { config: 'configs/fir.yaml', items: 14, classes: 6, channels: 1280 },
];
const batches = 8;

await startEngine();
for (const { config: file, items, classes, channels } of heads) {
  const { config } = loadConfig(file, []);
  const { batch } = config.head;
  using owned = new Owned();
  const head = owned.add(buildHead(config.model, channels, classes));
  const parameters = owned.add(new Parameters(head.parameters, randomStream(1, 'head')));
  const planned = { head: { parameters, rules: rulesOf(config.head, parameters.specs) } };
  const parts = ownedParts(owned, 'head', config.head, planned, optimizerOf(config.head));
  const snippets = config.model.window!.snippets;
  const instances = Array.from({ length: 8 }, (_, i) => ({ start: i / 9, end: (i + 0.7) / 9, label: i % classes }));
  const targets = Array.from({ length: batch }, () => head.targets(instances, snippets, snippets));
  const features = owned.add({
    value: tf.randomNormal<tf.Rank.R3>([batch, snippets, channels], 0, 1, 'float32', 1),
    [Symbol.dispose]() {
      this.value.dispose();
    },
  }).value;
  const steps = (options: UpdateOptions) => () => {
    for (let step = 0; step < batches; step++)
      update(
        parts,
        undivided([batch]),
        config.head.clipNorm,
        { step, lr: 1e-5 },
        {
          through: 'tape',
          loss: () =>
            head.loss(
              { features, valid: targets.map(() => snippets) },
              targets,
              { parameters, normalization: 'running' },
              randomStream(1, 'draws', step),
            ),
        },
        options,
      );
  };
  const slots = {
    sizes: () => [batch],
    shape: () => '',
    classes: Array.from({ length: items }, (_, item) => [item % classes]),
    classCount: classes,
  };
  const model = historyModel(slots, 1, 'head');
  let { initial: state } = model;
  const seen = Array.from({ length: batches }, (_, i) => ({
    shape: '',
    items: Array.from({ length: batch }, (_, j) => (i * batch + j) % items),
    losses: Array.from({ length: batch }, (_, j) => 1 + Math.sin(i + j) / 2),
    sampling: null,
  }));
  const sample = () => {
    state = model.next(state, seen);
    const all = slots.classes.map((_, item) => item);
    model.scores(state, all, { epoch: 0, batch: 0, shape: '' });
  };
  // Histories are full.
  for (let i = 0; i * batches * batch < 12 * items; i++) sample();

  const arms = { shuffled: steps({}), weighted: steps({ perItem: true, weights: targets.map(() => 1) }), sample };
  const seconds: Record<string, number[]> = { shuffled: [], weighted: [], sample: [] };
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [arm, work] of Object.entries(arms)) {
      const begin = performance.now();
      work();
      // The first round warms up.
      if (round > 0) seconds[arm]!.push((performance.now() - begin) / 1000 / batches);
    }
  }
  const [shuffled, weighted, sampler] = ['shuffled', 'weighted', 'sample'].map((arm) => median(seconds[arm]!)) as [
    number,
    number,
    number,
  ];
  print(
    JSON.stringify({
      config: file,
      ...{ items, batch },
      ...{ shuffled: rounded(shuffled), weighted: rounded(weighted), sampler: rounded(sampler, 5) },
      overhead: rounded((weighted + sampler) / shuffled - 1),
      predictor: rounded(sampler / shuffled),
    }),
  );
}
