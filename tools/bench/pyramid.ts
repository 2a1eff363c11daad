/**
 * Compares the pyramid head with PyTorch's (`peers/pyramid.py`).
 *
 *   npx tsx tools/bench/pyramid.ts parity [--snippets 77] [--features 40] [--width 32] [--blocks conv] [--window=-1] …
 *   npx tsx tools/bench/pyramid.ts time [--batch 4] [--snippets 256] [--features 1280] [--width 256] [--blocks conv] \
 *     [--rounds 5] [--steps 10]
 *   npx tsx tools/bench/pyramid.ts time --batch 2 --snippets 1024 --instances 11 --classes 1
 *     (fir_action; the defaults are composed_8cls)
 *   npx tsx tools/bench/pyramid.ts profile [the same sizes]
 *
 * `parity` runs a forward and a backward pass of both on the same parameters, features and instances. It prints the
 * largest errors, each relative to the largest value of its tensor, and exits with 1 if one is above 1e-4. `time` runs
 * both in turn, each in a process of its own, and prints medians of a forward and a backward pass, in seconds by the
 * clock and in processor seconds, and their ratios. `profile` prints how much time each op of ours takes. $PYTHON names
 * a Python with torch and safetensors; without it, `parity` is skipped and `time` measures only our code.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { encodeSafetensors, readSafetensors } from '../../src/checkpoints/formats/safetensors.js';
import { startEngine } from '../../src/engine/backend.js';
import type { CaptureCounts, CaptureMode } from '../../src/engine/capture/capture-state.js';
import { captureCounts, captured, setCapture } from '../../src/engine/capture/capture.js';
import { metered } from '../../src/engine/meter.js';
import { randomStream } from '../../src/engine/random.js';
import type { HeadInput, HeadInstance } from '../../src/models/heads/head.js';
import { rowsOf } from '../../src/models/heads/pyramid/branches.js';
import { paddedLength } from '../../src/models/heads/pyramid/levels.js';
import { PyramidHead, type PyramidOptions } from '../../src/models/heads/pyramid/pyramid.js';
import { toTorchLayout } from '../../src/models/weights/torch-layout.js';
import { Parameters } from '../../src/models/parameters.js';
import { exportState } from '../../src/models/state.js';
import { disposeGradients, lossAndGradients } from '../../src/train/gradients.js';
import { processorTime } from '../../src/engine/processor-time.js';
import { median, rounded as roundedTo } from './figures.js';

const rounded = (value: number) => roundedTo(value, 5);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string' },
    snippets: { type: 'string' },
    features: { type: 'string' },
    width: { type: 'string' },
    classes: { type: 'string' },
    blocks: { type: 'string', default: 'attention' },
    window: { type: 'string', default: '19' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '10' },
    instances: { type: 'string', default: '4' },
    smoothing: { type: 'string', default: '0.1' },
    capture: { type: 'string', default: 'auto' },
    one: { type: 'boolean', default: false },
  },
});
const [command] = positionals;
const python = process.env['PYTHON'] ?? 'python3';
const peer = path.join(import.meta.dirname, 'peers', 'pyramid.py');

/** Steps that are not counted: a step is captured from the third time on that it comes. */
const warmUp = 6;

/** The sizes for the data set composed_8cls. */
const composed = { batch: 4, snippets: 256, features: 1280, width: 256 };

switch (command) {
  case 'parity':
    await parity();
    break;
  case 'time':
    if (values.one) print(await measure());
    else compare();
    break;
  case 'profile':
    await profile();
    break;
  default:
    throw new Error('usage: pyramid.ts parity|time|profile');
}

interface Sizes {
  batch: number;
  snippets: number;
  options: PyramidOptions;
}

function sizes(otherwise: { batch: number; snippets: number; features: number; width: number }): Sizes {
  const size = (key: keyof typeof otherwise) => Number(values[key] ?? otherwise[key]);
  const options: PyramidOptions = {
    features: size('features'),
    classes: Number(values.classes ?? 8),
    blocks: values.blocks as PyramidOptions['blocks'],
    width: size('width'),
    heads: 4,
    levels: 6,
    stem: 2,
    window: Number(values.window),
    headLayers: 3,
    dropPath: 0.1,
    dropout: 0,
    overlap: true,
    centreRadius: 1.5,
    labelSmoothing: 0,
    lossWeight: 1,
    normalizer: 50,
  };
  return { batch: size('batch'), snippets: size('snippets'), options };
}

/** Whether there is a Python for the peer. Prints a message if not. */
function torch(otherwise: string): boolean {
  const found = spawnSync(python, ['-c', 'import torch, safetensors']).status === 0;
  if (!found) process.stderr.write(`${python} has no torch and safetensors: ${otherwise}\n`);
  return found;
}

async function parity(): Promise<void> {
  if (!torch('parity is skipped')) return;
  await startEngine();
  const { batch, snippets, options: sized } = sizes({ batch: 3, snippets: 77, features: 40, width: 32 });
  const options = { ...sized, dropPath: 0, labelSmoothing: Number(values.smoothing), lossWeight: 0.7 };
  const head = new PyramidHead(options);
  const parameters = new Parameters(head.parameters, randomStream(0, 'parameters'));
  spread(parameters);
  const random = randomStream(0, 'case');
  const valid = Array.from({ length: batch }, (_, b) => (b === 0 ? snippets : Math.ceil(snippets * random.uniform())));
  const instances = valid.map((n) => someInstances(n / snippets, options.classes));
  const features = tf.tensor3d(
    Float32Array.from({ length: batch * snippets * options.features }, (_, i) => {
      const snippet = Math.floor(i / options.features) % snippets;
      const value = random.normal();
      return snippet < valid[Math.floor(i / (snippets * options.features))]! ? value : 0;
    }),
    [batch, snippets, options.features],
  );
  const theirs = runPeer(parameters, features, { options, valid, instances });
  const ours = runOurs(head, parameters, { features, valid }, instances);
  const errors: Record<string, number> = {};
  const gradients = [...theirs].filter(([name]) => name.startsWith('grad.'));
  const largestGradient = Math.max(...gradients.map(([, data]) => largest(data)));
  for (const [name, data] of theirs) {
    const own = ours.get(name);
    if (own?.length !== data.length) throw new Error(`${name}: ${own?.length ?? 'no'} values for ${data.length}`);
    // Some gradients are 0 except for rounding errors: a key's bias does not change the weights of attention.
    const floor = name.startsWith('grad.') ? 1e-4 * largestGradient : 1e-12;
    const group = name.replace(/^grad\.(?!features).*/, 'gradients').replace(/\.\d+$/, '');
    const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - own[i]!)), 0);
    errors[group] = Math.max(errors[group] ?? 0, worst / Math.max(largest(data), floor));
    if (!Number.isFinite(worst)) errors[group] = Infinity;
  }
  print({ batch, snippets, ...options, positives: theirs.get('positives')![0], errors });
  if (Object.values(errors).some((error) => !(error <= 1e-4))) process.exitCode = 1;
}

/**
 * Moves parameters far from their initial values, so that each of them matters: scales of
 * branches are initially near 0.
 */
function spread(parameters: Parameters): void {
  const random = randomStream(0, 'spread');
  for (const { name, kind, shape, trainable } of parameters.specs) {
    if (kind !== 'vector' || !trainable) continue;
    const around = /(norm|neck\.\d+)\.weight$|scale\d?$/.test(name) ? 0.8 : name === 'classes.last.bias' ? -3 : 0;
    const values = Array.from({ length: shape[0]! }, () => around + 0.2 * random.normal());
    parameters.assign(name, tf.tensor1d(values));
  }
}

/** Instances of all lengths, two of them at the same place, and some beyond the ends. */
function someInstances(end: number, classes: number): HeadInstance[] {
  const random = randomStream(0, 'instances', String(end));
  const some = Array.from({ length: 8 }, () => {
    const length = end * 2 ** random.between(-6, 0);
    const start = random.between(-0.2 * length, end - 0.8 * length);
    return { start, end: start + length, label: random.below(classes) };
  });
  return [...some, { ...some[0]!, label: (some[0]!.label + 1) % classes }];
}

function runOurs(
  head: PyramidHead,
  parameters: Parameters,
  input: HeadInput,
  instances: readonly HeadInstance[][],
): Map<string, Float32Array> {
  const snippets = input.features.shape[1];
  const pass = { parameters, normalization: 'running' as const };
  const targets = input.valid.map((n, b) => head.targets(instances[b]!, snippets, n));
  const values = new Map<string, Float32Array>();
  tf.tidy(() => {
    const { logits, offsets } = head.apply(input, pass);
    const levels = head.parameters.find(({ name }) => name === 'scale')!.shape[0]!;
    const steps = paddedLength(snippets, levels);
    rowsOf(steps, levels).first.forEach((row, level) => {
      const at = (x: tf.Tensor3D) => tf.slice(x, [0, row, 0], [-1, steps / 2 ** level, -1]).dataSync<'float32'>();
      values.set(`logits.${level}`, at(logits)).set(`offsets.${level}`, at(offsets));
    });
  });
  const features = tf.variable(input.features);
  const variables = [features, ...parameters.trainable().map((name) => parameters.variable(name))];
  const terms = new Map<string, tf.Scalar>();
  const { value, grads } = tf.variableGrads(() => {
    const loss = head.loss({ ...input, features }, targets, pass, randomStream(0));
    for (const [name, term] of Object.entries(loss.terms)) terms.set(name, tf.keep(term));
    return loss.total;
  }, variables);
  values.set('total', value.dataSync<'float32'>());
  for (const [name, term] of terms) values.set(name, term.dataSync<'float32'>());
  values.set('grad.features', grads[features.name]!.dataSync<'float32'>());
  for (const { name, kind, trainable } of parameters.specs) {
    if (!trainable) continue;
    const gradient = grads[parameters.variable(name).name]!;
    const { data } = toTorchLayout(kind, { shape: gradient.shape, data: gradient.dataSync<'float32'>() });
    values.set(`grad.${name}`, data);
  }
  const positives = targets.reduce((sum, target) => sum + target.positives.length, 0);
  return values.set('positives', Float32Array.of(positives));
}

/** PyTorch's results for a case. */
function runPeer(
  parameters: Parameters,
  features: tf.Tensor3D,
  { options, valid, instances }: { options: PyramidOptions; valid: number[]; instances: HeadInstance[][] },
): Map<string, Float32Array> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pyramid-'));
  try {
    const tensors = new Map(
      [...exportState(parameters)]
        .filter(([name]) => name !== 'normalizer')
        .map(([name, values]) => [`param.${name}`, { dtype: 'F32' as const, ...values }]),
    );
    tensors.set('features', { dtype: 'F32', shape: features.shape, data: features.dataSync<'float32'>() });
    const file = path.join(folder, 'case');
    writeFileSync(`${file}.safetensors`, Buffer.concat(encodeSafetensors(tensors)));
    const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const named = Object.fromEntries(Object.entries(options).map(([key, value]) => [snake(key), value]));
    const spans = instances.map((list) => list.map(({ start, end, label }) => [start, end, label]));
    const data = { options: named, valid, instances: spans, normalizer: options.normalizer };
    writeFileSync(`${file}.json`, JSON.stringify(data));
    const { status } = spawnSync(python, [peer, 'step', file], { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new Error(`${peer} failed`);
    const { tensors: results } = readSafetensors(`${file}.out.safetensors`);
    return new Map([...results].map(([name, { data }]) => [name, data as Float32Array]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Median seconds of a step, by the clock (`seconds`) and summed over all processors (`processor`). */
interface Measurement {
  what: string;
  seconds: number;
  processor: number;
  /** Operations of convolutions and products of a step. */
  gflop?: number;
  capture?: CaptureCounts | null;
}

function compare(): void {
  const both = torch('measuring ours alone');
  const { batch, snippets, options } = sizes(composed);
  const { features, width, classes, blocks, window } = options;
  const [steps, instances] = [Number(values.steps), Number(values.instances)];
  const given = Object.entries({ batch, snippets, features, width, classes, blocks, window, instances, steps });
  const flags = given.map(([key, value]) => `--${key}=${value}`);
  const ours: Measurement[] = [];
  const eager: Measurement[] = [];
  const theirs: Measurement[] = [];
  const own = ['--import', 'tsx', import.meta.filename, 'time', '--one', ...flags];
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(run(process.execPath, [...own, '--capture', values.capture]));
    eager.push(run(process.execPath, [...own, '--capture', 'off']));
    if (both) theirs.push(run(python, [peer, 'time', ...flags]));
  }
  const medians = (key: 'seconds' | 'processor') => {
    const of = (lines: Measurement[]) => median(lines.map((line) => line[key]));
    const own = { ours: of(ours), eager: of(eager) };
    return both ? { ...own, pytorch: of(theirs), ratio: rounded(of(ours) / of(theirs)) } : own;
  };
  print({
    ...Object.fromEntries(given),
    gflop: ours[0]!.gflop,
    seconds: medians('seconds'),
    processor: medians('processor'),
  });
}

function run(program: string, args: string[]): Measurement {
  const { stdout, status } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
  process.stdout.write(stdout);
  return JSON.parse(stdout) as Measurement;
}

async function measure(): Promise<Measurement> {
  const { name, version } = await startEngine();
  setCapture(values.capture as CaptureMode);
  const step = stepOf();
  const times = Array.from({ length: Number(values.steps) + warmUp }, (_, i) => {
    const [begun, used] = [performance.now(), processorTime()];
    captured('step', () => {
      step(i);
    });
    return { seconds: (performance.now() - begun) / 1e3, processor: (processorTime() - used) / 1e3 };
  }).slice(warmUp);
  const flops = metered((read) => {
    step(0);
    return read().flops;
  });
  const of = (key: keyof (typeof times)[0]) => rounded(median(times.map((time) => time[key])));
  return {
    what: `lofi ${name} ${version}`,
    seconds: of('seconds'),
    processor: of('processor'),
    gflop: rounded(flops / 1e9),
    capture: captureCounts(),
  };
}

/**
 * A forward and a backward pass like the peer's: on instances of several lengths, which are assigned anew each time.
 */
function stepOf(): (step: number) => void {
  const { batch, snippets, options } = sizes(composed);
  const head = new PyramidHead(options);
  const parameters = new Parameters(head.parameters, randomStream(0));
  const random = randomStream(0, 'features');
  const shape: [number, number, number] = [batch, snippets, options.features];
  const features = tf.tensor3d(
    Float32Array.from({ length: batch * snippets * options.features }, () => random.normal()),
    shape,
  );
  const count = Number(values.instances);
  const instances = Array.from({ length: count }, (_, i) => {
    const start = i / count + 0.01;
    return { start, end: start + (0.1 * (i + 1)) / count, label: i % options.classes };
  });
  const valid = Array.from({ length: batch }, () => snippets);
  return (step) => {
    const targets = valid.map((n) => head.targets(instances, snippets, n));
    const pass = { parameters, normalization: 'running' as const };
    const { gradients } = lossAndGradients(
      () => head.loss({ features, valid }, targets, pass, randomStream(0, step)),
      new Map([['head', parameters]]),
    );
    disposeGradients(gradients);
  };
}

/**
 * Prints how much time each kind of op takes in a step, most first: milliseconds of processor time and
 * calls; also by size of its output.
 */
async function profile(): Promise<void> {
  await startEngine();
  const backend = tf.backend() as unknown as { binding: Record<string, unknown> };
  const { binding } = backend;
  const execute = binding['executeOp'] as (op: string, ...rest: unknown[]) => { shape: number[] }[];
  const spent = new Map<string, { ms: number; calls: number }>();
  const timed = (op: string, ...rest: unknown[]) => {
    const begun = processorTime();
    const outputs = execute(op, ...rest);
    const used = processorTime() - begun;
    const name = `${op} ${outputs[0]!.shape.join('x')}`;
    for (const key of [op, name, 'all']) {
      const { ms, calls } = spent.get(key) ?? { ms: 0, calls: 0 };
      spent.set(key, { ms: ms + used, calls: calls + 1 });
    }
    return outputs;
  };
  // The binding's functions cannot be replaced in place.
  backend.binding = Object.create(binding, { executeOp: { value: timed } }) as typeof binding;
  const steps = Number(values.steps);
  const step = stepOf();
  let begun = 0;
  for (let i = 0; i < steps + 2; i++) {
    if (i === 2) {
      spent.clear();
      begun = processorTime();
    }
    step(i);
  }
  print({ op: 'step', ms: rounded((processorTime() - begun) / steps) });
  for (const [op, { ms, calls }] of [...spent].sort(([, a], [, b]) => b.ms - a.ms).slice(0, 60))
    print({ op, ms: rounded(ms / steps), calls: calls / steps });
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function largest(data: Float32Array): number {
  return data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
