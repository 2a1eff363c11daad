/**
 * Measures seconds and peak memory of a forward and backward pass of TSM-ResNet-18 with batch statistics, of
 * TSM-MobileNetV2-0.35 with running statistics, of AlexNet (in one group) or a fusion network, or a forward pass of a
 * frozen EfficientNet-Lite0. Ours with captured passes (`--capture auto|on|off`), ours op by op (`eager`) and PyTorch
 * (`peers/encoder_time.py`) take turns, each run in a process of its own. Prints one JSON line per run, and medians and
 * ratios at the end of each shape. Without torch, only our code is measured.
 *
 *   npx tsx tools/bench/encoder.ts [--encoder resnet18|mobilenet-v2|efficientnet-lite0] [--shapes 16x112,200x224] \
 *     [--precision float32|bfloat16] [--rounds 3] [--steps 5] [--profile]
 *   npx tsx tools/bench/encoder.ts --encoder alexnet|single|early|late|slow [--preset mini|full] --shapes 160x48 …
 *
 * A shape is frames × side in pixels; frames are in snippets of 8, of 1 for EfficientNet, of 10 for the classics.
 * `--profile` takes one shape and instead prints how much time of a pass each op takes, op by op.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import type { CaptureCounts, CaptureMode } from '../../src/engine/capture/capture-state.js';
import { captureCounts, captured, setCapture } from '../../src/engine/capture/capture.js';
import type { Precision } from '../../src/engine/kernels/choose.js';
import { metered } from '../../src/engine/meter.js';
import { randomStream } from '../../src/engine/random.js';
import { encoderSchema } from '../../src/config/sections/encoder-section.js';
import { buildEncoder } from '../../src/models/encoders/encoder-catalogue.js';
import { Parameters } from '../../src/models/parameters.js';
import { median, rounded } from './figures.js';

const { values } = parseArgs({
  options: {
    encoder: { type: 'string', default: 'resnet18' },
    preset: { type: 'string', default: 'mini' },
    shapes: { type: 'string', default: '16x112,200x224' },
    precision: { type: 'string', default: 'float32' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '5' },
    capture: { type: 'string', default: 'auto' },
    profile: { type: 'boolean', default: false },
    one: { type: 'boolean', default: false },
  },
});
const steps = Number(values.steps);
/** This network is measured as `extract` and `detect` use it: frozen, one frame a snippet. */
const frozen = values.encoder === 'efficientnet-lite0';
const snippet = frozen ? 1 : ['resnet18', 'mobilenet-v2'].includes(values.encoder) ? 8 : 10;
const shapes = values.shapes.split(',').map((shape) => shape.split('x').map(Number) as [number, number]);

interface Measurement {
  what: string;
  frames: number;
  size: number;
  precision: string;
  seconds_per_step: number;
  peak_gib: number;
  grad_norm: number;
  /** Operations of convolutions and products of a pass. */
  gflop?: number;
  capture: CaptureCounts | null;
}

/** Passes that are not counted: a pass is captured from its third time on. */
const warmUp = 4;

if (values.profile) await profile(...shapes[0]!);
else if (values.one) print(await measure(...shapes[0]!));
else compare();

function compare(): void {
  const python = process.env['PYTHON'] ?? 'python3';
  const torch = spawnSync(python, ['-c', 'import torch, torchvision']).status === 0;
  if (!torch) process.stderr.write(`${python} has no torch and torchvision: measuring ours alone\n`);
  const peer = path.join(import.meta.dirname, 'peers', 'encoder_time.py');
  for (const [frames, size] of shapes) {
    const ours: Measurement[] = [];
    const eager: Measurement[] = [];
    const theirs: Measurement[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const encoder = ['--encoder', values.encoder, '--preset', values.preset];
      const sizes = ['--shapes', `${frames}x${size}`, '--precision', values.precision, '--steps', values.steps];
      const own = ['--import', 'tsx', import.meta.filename, '--one', ...encoder, ...sizes];
      ours.push(run(process.execPath, [...own, '--capture', values.capture]));
      eager.push(run(process.execPath, [...own, '--capture', 'off']));
      if (!torch) continue;
      const bf16 = values.precision === 'bfloat16' ? ['--bf16'] : [];
      const shape = ['--frames', String(frames), '--size', String(size), '--steps', values.steps];
      theirs.push(run(python, [peer, ...encoder, ...shape, ...bf16]));
    }
    const medians = (key: 'seconds_per_step' | 'peak_gib') => {
      const of = (lines: Measurement[]) => median(lines.map((line) => line[key]));
      const own = { ours: of(ours), eager: of(eager) };
      return torch ? { ...own, pytorch: of(theirs), ratio: rounded(of(ours) / of(theirs)) } : own;
    };
    const gflop = ours[0]!.gflop;
    print({ frames, size, gflop, seconds_per_step: medians('seconds_per_step'), peak_gib: medians('peak_gib') });
  }
}

/** A measurement in a process of its own. It is also printed. */
function run(program: string, args: string[]): Measurement {
  const { stdout, status } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
  process.stdout.write(stdout);
  return JSON.parse(stdout) as Measurement;
}

async function measure(frames: number, size: number): Promise<Measurement> {
  const { name, version } = await startEngine();
  setCapture(values.capture as CaptureMode);
  const pass = passOf(frames, size);
  const seconds: number[] = [];
  let norm = 0;
  for (let step = 0; step < warmUp + steps; step++) {
    const begun = performance.now();
    const gradients = captured('pass', pass);
    seconds.push((performance.now() - begun) / 1000);
    norm = Math.sqrt(gradients.reduce((sum, g) => sum + tf.tidy(() => tf.sum(tf.square(g)).dataSync()[0]!), 0));
    tf.dispose(gradients);
  }
  const flops = metered((read) => {
    tf.dispose(pass());
    return read().flops;
  });
  return {
    what: `lofi ${name} ${version}`,
    frames,
    size,
    precision: values.precision,
    seconds_per_step: rounded(median(seconds.slice(warmUp))),
    peak_gib: rounded(process.resourceUsage().maxRSS / 2 ** 20),
    grad_norm: rounded(norm),
    gflop: rounded(flops / 1e9),
    capture: captureCounts(),
  };
}

/**
 * A forward and backward pass on constant frames, or a forward pass of a frozen network. Returns the gradients, or the
 * features, which have been computed when it returns.
 */
function passOf(frames: number, size: number): () => tf.Tensor[] {
  const encoder = buildEncoder(encoderSchema.parse(encoderKeys()));
  const normalization = values.encoder === 'resnet18' ? 'batch' : 'running';
  const parameters = new Parameters(encoder.parameters, randomStream(0));
  const random = randomStream(0, 'input');
  const input = Float32Array.from({ length: frames * size * size * 3 }, () => random.below(256));
  const dFeatures = tf.ones<tf.Rank.R3>([1, frames / snippet, encoder.channels]);
  const precision = values.precision as Precision;
  return () => {
    const x = tf.tensor(input, [1, frames / snippet, snippet, size, size, 3]);
    if (frozen) {
      const features = tf.tidy(() => encoder.encode(x, { parameters, normalization, precision }));
      x.dispose();
      features.dataSync();
      return [features];
    }
    const record = encoder.record(x, { parameters, normalization, precision });
    const gradients = [...record.backward(dFeatures).values()];
    record.dispose();
    // On a GPU, ops are only queued: reading a gradient waits for them.
    gradients.at(-1)!.dataSync();
    return gradients;
  };
}

/** The configuration of the encoder. PyTorch's local response normalisation is that per element. */
function encoderKeys(): object {
  const { encoder, preset } = values;
  const classic = { preset, lrn: 'perElement' };
  switch (encoder) {
    case 'resnet18':
      return { type: 'resnet18', width: 64, shift: 8 };
    case 'mobilenet-v2':
      return { type: 'mobilenet-v2', width: 0.35, shift: 8 };
    case 'efficientnet-lite0':
      return { type: 'efficientnet-lite0', frames: 1, shift: 0 };
    case 'alexnet':
      return { type: 'alexnet', frames: snippet, alexnet: { ...classic, groups: 1 } };
    default:
      return { type: 'fusion', frames: snippet, fusion: { ...classic, kind: encoder } };
  }
}

/** Prints how much time each kind of op takes in a pass, most first: milliseconds and calls. */
async function profile(frames: number, size: number): Promise<void> {
  await startEngine();
  const backend = tf.backend() as unknown as { binding: Record<string, unknown> };
  const { binding } = backend;
  const execute = binding['executeOp'] as (op: string, ...rest: unknown[]) => unknown;
  const spent = new Map<string, { ms: number; calls: number }>();
  const timed = (op: string, ...rest: unknown[]) => {
    const begun = performance.now();
    const outputs = execute(op, ...rest);
    const { ms, calls } = spent.get(op) ?? { ms: 0, calls: 0 };
    spent.set(op, { ms: ms + performance.now() - begun, calls: calls + 1 });
    return outputs;
  };
  // The binding's functions cannot be replaced in place.
  backend.binding = Object.create(binding, { executeOp: { value: timed } }) as typeof binding;
  const pass = passOf(frames, size);
  for (let step = 0; step <= steps; step++) {
    if (step === 1) spent.clear();
    tf.dispose(pass());
  }
  for (const [op, { ms, calls }] of [...spent].sort(([, a], [, b]) => b.ms - a.ms))
    print({ op, ms: rounded(ms / steps), calls: calls / steps });
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
