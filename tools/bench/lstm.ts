/**
 * Times one training step of a composite LSTM model (forward, backward, Adam) beside PyTorch's (`peers/lstm.py`):
 *
 *   PYTHON=… npx tsx tools/bench/lstm.ts [--layers 2] [--units 512] [--input 1024] [--batch 64] [--past 16] \
 *     [--future 13] [--rounds 5] [--steps 5]
 *   npx tsx tools/bench/lstm.ts profile [the same sizes]
 *
 * The encoder sees `past` frames, and two decoders without input make as many in reverse and `future` more. Ours has
 * peepholes, and PyTorch's `nn.LSTM` has none and so less to do. Both take turns, each in a process of its own with as
 * many threads as there are processors. A line tells a process: `seconds_per_step` and `processor_per_step` are medians
 * without two steps of warm-up, `peak_gib` is the process's largest resident size, and `step_gib` how much of it came
 * after the engine had started. The last line has medians over the rounds, and ratios ours / PyTorch's. $PYTHON names a
 * Python with torch; without it, only our code is measured. `profile` prints the milliseconds of the parts of a step.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { lstm } from '../../src/engine/ops/lstm/lstm-layer.js';
import { randomStream } from '../../src/engine/random.js';
import { Parameters } from '../../src/models/parameters.js';
import { SequenceAutoencoder } from '../../src/models/sequence/sequence-autoencoder.js';
import { disposeGradients, lossAndGradients } from '../../src/train/gradients.js';
import { adam } from '../../src/train/optimizers/optimizers.js';
import { uniformRules } from '../../src/train/optimizers/parameter-rules.js';
import { printJson, say } from '../../src/system/say.js';
import { processorTime } from '../../src/engine/processor-time.js';
import { runTool } from '../run-tool.js';
import { median, rounded } from './figures.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    layers: { type: 'string', default: '2' },
    units: { type: 'string', default: '512' },
    input: { type: 'string', default: '1024' },
    batch: { type: 'string', default: '64' },
    past: { type: 'string', default: '16' },
    future: { type: 'string', default: '13' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '5' },
    one: { type: 'boolean', default: false },
  },
});
const { rounds, one, ...sizes } = values;
const [layers, units, input, batch, past, future, steps] = [
  sizes.layers,
  sizes.units,
  sizes.input,
  sizes.batch,
  sizes.past,
  sizes.future,
  sizes.steps,
].map(Number) as [number, number, number, number, number, number, number];
const python = process.env['PYTHON'] ?? 'python3';
const peer = path.join(import.meta.dirname, 'peers', 'lstm.py');

/** What a process measures. */
interface Measurement {
  what: string;
  seconds_per_step: number;
  processor_per_step: number;
  peak_gib: number;
  step_gib: number;
}

await runTool(async () => {
  if (positionals[0] === 'profile') await profile();
  else if (one) printJson(await measure());
  else compare();
});

function compare(): void {
  const both = spawnSync(python, ['-c', 'import torch']).status === 0;
  if (!both) say(`${python} has no torch: measuring ours alone`);
  const flags = Object.entries(sizes).map(([key, value]) => `--${key}=${value}`);
  const ours: Measurement[] = [];
  const theirs: Measurement[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    ours.push(run(process.execPath, ['--import', 'tsx', import.meta.filename, '--one', ...flags]));
    if (both) theirs.push(run(python, [peer, ...flags]));
  }
  const medians = (key: Exclude<keyof Measurement, 'what'>) => {
    const [own, other] = [ours, theirs].map((all) => rounded(median(all.map((line) => line[key])))) as [number, number];
    return both ? { ours: own, pytorch: other, ratio: rounded(own / other, 3) } : { ours: own };
  };
  printJson({
    layers,
    units,
    input,
    batch,
    past,
    future,
    rounds: Number(rounds),
    seconds_per_step: medians('seconds_per_step'),
    processor_per_step: medians('processor_per_step'),
    peak_gib: medians('peak_gib'),
    step_gib: medians('step_gib'),
  });
}

function run(program: string, args: string[]): Measurement {
  const { stdout, status } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
  const measured = JSON.parse(stdout) as Measurement;
  printJson(measured);
  return measured;
}

async function measure(): Promise<Measurement> {
  const { name, version } = await startEngine();
  tf.tidy(() => tf.matMul(tf.ones([8, 8]), tf.ones([8, 8])));
  const before = process.memoryUsage.rss();
  const step = stepOf();
  const times = Array.from({ length: steps + 2 }, () => {
    const [begun, used] = [performance.now(), processorTime()];
    step();
    return { seconds: (performance.now() - begun) / 1e3, processor: (processorTime() - used) / 1e3 };
  }).slice(2);
  const peak = process.resourceUsage().maxRSS / 2 ** 20;
  return {
    what: `lofi ${name} ${version}`,
    seconds_per_step: rounded(median(times.map(({ seconds }) => seconds))),
    processor_per_step: rounded(median(times.map(({ processor }) => processor))),
    peak_gib: rounded(peak),
    step_gib: rounded(peak - before / 2 ** 30),
  };
}

function stepOf(): () => void {
  const model = new SequenceAutoencoder({
    model: 'composite',
    conditional: false,
    copyInitState: false,
    values: 'real',
    channels: input,
    units,
    layers,
  });
  const parameters = new Parameters(model.parameters, randomStream(0, 'parameters'));
  const optimizer = adam(parameters, uniformRules(parameters.specs, 0));
  const sequence = tf.randomUniform<tf.Rank.R3>([past + future, batch, input], 0, 1, 'float32', 0);
  return () => {
    const pass = { parameters, normalization: 'running' as const };
    const { gradients } = lossAndGradients(() => model.loss(sequence, past, pass), new Map([['model', parameters]]));
    optimizer.step(gradients.get('model')!, 1e-3);
    disposeGradients(gradients);
  };
}

/** Milliseconds of one layer of `past` steps, and of a whole step. */
async function profile(): Promise<void> {
  await startEngine();
  const uniform = <R extends tf.Rank>(shape: tf.ShapeMap[R]) => tf.randomUniform<R>(shape, -0.1, 0.1);
  const x = uniform<tf.Rank.R3>([past, batch, units]);
  const weights = {
    input: uniform<tf.Rank.R2>([units, 4 * units]),
    recurrent: uniform<tf.Rank.R2>([units, 4 * units]),
    bias: uniform<tf.Rank.R1>([4 * units]),
    peepholes: uniform<tf.Rank.R2>([3, units]),
  };
  const state = { h: uniform<tf.Rank.R2>([batch, units]), c: uniform<tf.Rank.R2>([batch, units]) };
  const forward = () => lstm(x, weights, state, past).outputs;
  const both = () => tf.grads((w) => tf.sum(lstm(x, { ...weights, recurrent: w as tf.Tensor2D }, state, past).outputs));
  const step = stepOf();
  const parts: Record<string, () => void> = {
    'layer, forward': () => {
      tf.tidy(() => forward().dataSync());
    },
    'layer, forward and backward': () => {
      tf.tidy(() => both()([weights.recurrent])[0]!.dataSync());
    },
    'whole step': step,
  };
  const times = Object.fromEntries(Object.keys(parts).map((name) => [name, [] as number[]]));
  for (let i = 0; i < steps + 2; i++) {
    for (const [name, part] of Object.entries(parts)) {
      const begun = performance.now();
      part();
      if (i >= 2) times[name]!.push(performance.now() - begun);
    }
  }
  printJson(Object.fromEntries(Object.entries(times).map(([name, all]) => [name, rounded(median(all), 2)])));
}
