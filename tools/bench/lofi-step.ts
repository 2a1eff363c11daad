/**
 * Measures seconds and peak memory of LoFi's joint training step on generated videos. Prints one JSON line per shape,
 * with the same fields as the PyTorch peer (`../shared/peers/pytorch_lofi.py time`) and the norm of the gradient.
 *
 *   npx tsx tools/bench/lofi-step.ts [--depth 18] [--batch 1] [--shapes 100x112,25x224,50x158] [--steps 3] [--bf16] \
 *     [--chunked] [--head-only]
 *   npx tsx tools/bench/lofi-step.ts --peer ../shared/peers/pytorch_lofi.py [--rounds 3] […]
 *
 * With `--bf16` the encoder computes in bfloat16 (PyTorch: autocast), with `--chunked` it is recorded ten
 * snippets at a time, and with `--head-only` features are the input. Each shape runs in a process of its own,
 * whose largest resident size is `peak_gib`. With `--peer`, our code and PyTorch take turns, and each shape ends
 * with a line of medians and ratios.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import type { CaptureMode } from '../../src/engine/capture/capture-state.js';
import { setCapture } from '../../src/engine/capture/capture.js';
import { randomStream } from '../../src/engine/random.js';
import { chunked } from '../../src/models/encoders/chunked.js';
import { resnet18, resnet34, resnet50 } from '../../src/models/encoders/resnet.js';
import { GtadHead } from '../../src/models/heads/gtad/gtad.js';
import { labels } from '../../src/models/heads/gtad/labels.js';
import { gtadLoss } from '../../src/models/heads/gtad/gtad-loss.js';
import { lossWeights } from '../../src/models/heads/gtad/loss-weights.js';
import type { Pass } from '../../src/models/layers/layer.js';
import { Parameters } from '../../src/models/parameters.js';
import { sgd, type Optimizer } from '../../src/train/optimizers/optimizers.js';
import { uniformRules } from '../../src/train/optimizers/parameter-rules.js';
import { trainedParts, type TrainedPart } from '../../src/train/trained-parts.js';
import type { Forward } from '../../src/train/compute/compute.js';
import { undivided } from '../../src/train/ranks/division.js';
import { update } from '../../src/train/update.js';
import { median, rounded } from './figures.js';

const encoders = { '18': resnet18, '34': resnet34, '50': resnet50 };
const { values } = parseArgs({
  options: {
    depth: { type: 'string', default: '18' },
    batch: { type: 'string', default: '1' },
    frames: { type: 'string', default: '8' },
    shapes: { type: 'string', default: '100x112,25x224,50x158' },
    steps: { type: 'string', default: '3' },
    capture: { type: 'string', default: 'auto' },
    bf16: { type: 'boolean', default: false },
    chunked: { type: 'boolean', default: false },
    'head-only': { type: 'boolean', default: false },
    peer: { type: 'string' },
    rounds: { type: 'string', default: '3' },
  },
});
const shapes = values.shapes.split(',');

/** The measurement of a shape: one line of output. */
interface Measurement {
  shape: string;
  seconds_per_step: number;
  peak_gib: number;
  loss: number;
}

if (values.peer !== undefined) compare(values.peer);
else if (shapes.length > 1) for (const shape of shapes) process.stdout.write(ours(shape));
else process.stdout.write(`${JSON.stringify(await measure(shapes[0]!))}\n`);

/** Measures a few training steps at a shape, after one that does not count. */
async function measure(shape: string): Promise<Measurement & Record<string, unknown>> {
  const engine = await startEngine();
  setCapture(values.capture as CaptureMode);
  const [snippets, size] = shape.split('x').map(Number) as [number, number];
  const batch = Number(values.batch);
  const steps = Number(values.steps);
  const step = stepOf(batch, snippets, size);
  let seconds = 0;
  let last = { loss: 0, norm: 0 };
  for (let i = 0; i <= steps; i++) {
    const begun = performance.now();
    last = step(i);
    if (i > 0) seconds += (performance.now() - begun) / 1000;
  }
  return {
    peer: `lofi ${engine.name} ${engine.version}`,
    device: engine.device,
    depth: Number(values.depth),
    batch,
    shape,
    bf16: values.bf16,
    chunked: values.chunked,
    head_only: values['head-only'],
    seconds_per_step: rounded(seconds / steps),
    peak_gib: rounded(process.resourceUsage().maxRSS / 2 ** 20),
    loss: rounded(last.loss),
    grad_norm: rounded(last.norm),
  };
}

/** The program's own step of stage joint, always on the same batch. */
function stepOf(batch: number, snippets: number, size: number): (step: number) => { loss: number; norm: number } {
  const headOnly = values['head-only'];
  const encoder = encoders[values.depth as keyof typeof encoders]({ width: 64, shift: 8 });
  const head = new GtadHead({
    features: encoder.channels,
    h1: 256,
    h2: 128,
    h3: 512,
    groups: 32,
    width: 128,
    k: 3,
    inner: 32,
    context: 4,
  });
  const parameters = new Parameters(headOnly ? [] : encoder.parameters, randomStream(0, 'encoder'));
  const headParameters = new Parameters(head.parameters, randomStream(0, 'head'));
  const planned = (of: Parameters) => ({ parameters: of, rules: uniformRules(of.specs, 1e-4) });
  let squares = 0;
  const parts = trainedParts(
    'bench',
    { lrFactors: {}, ema: 0 },
    { encoder: planned(parameters), head: planned(headParameters) },
    (of, rules) => watched(sgd(of, rules, 0), (square) => (squares += square)),
  );
  const perVideo = headOnly ? [snippets, encoder.channels] : [snippets, Number(values.frames), size, size, 3];
  const random = randomStream(0, 'input');
  const input = new Float32Array(perVideo.reduce((a, b) => a * b, batch));
  for (let i = 0; i < input.length; i++) input[i] = headOnly ? random.normal() : random.below(256);

  const anchors = head.anchors(snippets);
  const video = labels(
    [
      [0.21, 0.48],
      [0.6, 0.93],
    ],
    snippets,
    anchors,
  );
  const draws = randomStream(0, 'draws');
  const pass: Pass = {
    parameters,
    normalization: 'batch',
    onStatistics: parts.encoder.statistics.collect,
    precision: values.bf16 ? 'bfloat16' : 'float32',
  };
  const recorded = values.chunked ? chunked(encoder, 10) : encoder;
  const x = () => tf.tensor(input, [batch, ...perVideo]);
  const loss = (features: tf.Tensor3D) => {
    const output = head.apply(features, { parameters: headParameters, normalization: 'running' });
    const weights = lossWeights(Array<typeof video>(batch).fill(video), () => draws.uniform());
    const { total, tem, reg, cls } = gtadLoss(output, weights);
    return { total, terms: { tem, reg, cls } };
  };
  const forward: Forward = headOnly
    ? { through: 'tape', loss: () => loss(x() as tf.Tensor3D) }
    : { through: 'encoder', record: () => recorded.record(x(), pass), loss: (_, features) => loss(features) };
  const trained: Record<string, TrainedPart> = headOnly ? { head: parts.head } : parts;
  return (step) => {
    squares = 0;
    const { loss: value } = update(trained, undivided([batch]), 0, { step, lr: 0.1 }, forward);
    return { loss: value, norm: Math.sqrt(squares) };
  };
}

/** An optimizer that reports the squared norm of the gradients it is given. */
function watched(optimizer: Optimizer, tell: (square: number) => void): Optimizer {
  return {
    step(gradients, lr) {
      const squares = tf.tidy(() => tf.addN([...gradients.values()].map((g) => tf.sum(tf.square(g)))).dataSync());
      tell(squares[0]!);
      optimizer.step(gradients, lr);
    },
    slots: () => optimizer.slots(),
    restore: (slots) => {
      optimizer.restore(slots);
    },
    dispose: () => {
      optimizer.dispose();
    },
  };
}

/** Runs our code and the peer in turn and prints the medians and ratios. */
function compare(peer: string): void {
  const python = process.env['PYTHON'] ?? 'python3';
  if (!existsSync(peer) || spawnSync(python, ['-c', 'import torch']).status !== 0) {
    process.stderr.write(`no ${peer}, or ${python} has no torch: nothing to compare with\n`);
    return;
  }
  for (const shape of shapes) {
    const lines: Record<'ours' | 'peer', Measurement[]> = { ours: [], peer: [] };
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [who, line] of [
        ['ours', ours(shape)],
        ['peer', run(python, [peer, 'time', ...options(shape), ...(values['head-only'] ? [] : ['--channels-last'])])],
      ] as const) {
        process.stdout.write(line);
        lines[who].push(JSON.parse(line) as Measurement);
      }
    }
    const medians = (key: 'seconds_per_step' | 'peak_gib') => {
      const [a, b] = [lines.ours, lines.peer].map((all) => rounded(median(all.map((line) => line[key])))) as [
        number,
        number,
      ];
      return { ours: a, peer: b, ratio: rounded(a / b) };
    };
    const result = { shape, seconds_per_step: medians('seconds_per_step'), peak_gib: medians('peak_gib') };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

/** A measurement of our code in a process of its own. */
function ours(shape: string): string {
  const own = values.chunked ? ['--chunked'] : [];
  return run(process.execPath, ['--import', 'tsx', import.meta.filename, ...options(shape), ...own]);
}

/** The options that both programs take. */
function options(shape: string): string[] {
  const { depth, batch, frames, steps } = values;
  const numbers = Object.entries({ depth, batch, frames, steps }).flatMap(([name, value]) => [`--${name}`, value]);
  const flags = (['bf16', 'head-only'] as const).filter((flag) => values[flag]).map((flag) => `--${flag}`);
  return [...numbers, '--shapes', shape, ...flags];
}

function run(program: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr.slice(-2000)}`);
  return stdout;
}
