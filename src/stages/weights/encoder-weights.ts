import { readSafetensorsHeader, readTensors, type TensorEntry } from '../../checkpoints/formats/safetensors.js';
import { requireFiniteTensor, type TensorData } from '../../checkpoints/formats/tensor.js';
import { readTfjsWeights } from '../../checkpoints/formats/tfjs-layers.js';
import { isTorchFile, readTorchFile, torchMark } from '../../checkpoints/formats/torch-file.js';
import { fromKerasMobilenet } from '../../models/weights/keras-mobilenet.js';
import { encoderFacts, encoders, encoderTypes } from '../../config/encoder-facts.js';
import { streamNames } from '../../config/encoder-inputs.js';
import { closestEncoder, knownEncoder, type KnownEncoder } from '../../models/weights/known-encoders.js';
import { torchvisionNames } from '../../models/weights/naming.js';
import type { Parameters } from '../../models/parameters.js';
import { exportState, importState, listed, problemOf, type State } from '../../models/state.js';
import { UsageError } from '../../system/errors.js';
import { readBytes, withFile } from '../../system/files/regular-file.js';
import { printable } from '../../system/printable.js';

/** The weights of an encoder from a file, in PyTorch's layouts, with torchvision's names. */
export interface EncoderWeights {
  encoder: KnownEncoder;
  /** All tensors of the encoder, and no others. */
  state: State;
  /** Other tensors that a file may contain: the classifier `fc.weight`, `fc.bias`, and `….num_batches_tracked`. */
  others: Map<string, TensorData>;
  metadata: Readonly<Record<string, string>>;
}

/**
 * Reads an encoder's weights from one of these files: safetensors or a file of `torch.save` with torchvision's or TSM's
 * names, wrapped or not; a checkpoint of a run, whose encoder is read; the model.json of a MobileNetV2 of TensorFlow.js
 * layers. Names that begin with those of streams are the two networks of `encoder.input: rgb+dynamic`. F64, F16 and
 * BF16 become F32; F32 stays the same to the bit. Tensors of a safetensors file are read only if their names and shapes
 * are those of an encoder. The aggregator of a checkpoint's encoder is left out, and so is a classifier behind it.
 *
 * @throws UsageError when the file does not parse, or listing every tensor that is missing, extra or misshapen.
 */
export function readEncoderWeights(file: string): EncoderWeights {
  return file.endsWith('.json') ? readKeras(file) : readTorch(file);
}

/**
 * Sets an encoder's parameters from a file ({@link readEncoderWeights}). An encoder of two streams (`encoder.input`)
 * takes the weights of a single network for both.
 *
 * @throws UsageError like {@link readEncoderWeights}, and when the file holds another encoder.
 */
export function loadEncoderWeights(parameters: Parameters, file: string): void {
  const { encoder, state: network } = readEncoderWeights(file);
  // Files have networks only: what an aggregator has is fitted before training.
  const own = [...exportState(parameters)].filter(([name]) => name.startsWith('aggregator.'));
  const names = new Set(parameters.specs.map(({ name }) => name));
  const hasAll = (prefix: string) => encoder.parameters.every(({ name }) => names.has(prefix + name));
  // AlexNet without its fully connected layers takes the convolutions of a file that has them.
  const convolutions = encoder.parameters.filter(({ kind }) => kind !== 'vector');
  const lacks = convolutions.filter(({ name }) => !names.has(name));
  if (lacks.length < convolutions.length && lacks.every(({ kind }) => kind === 'flattened')) {
    importState(parameters, new Map([...own, ...network]), file);
    return;
  }
  const prefixes = streamNames.map((name) => `${name}.`);
  if (!prefixes.every(hasAll)) throw new UsageError(`${file} holds another encoder: set ${keysOf(encoder)}`);
  const twice = [...network].flatMap(([name, values]) => prefixes.map((prefix) => [prefix + name, values] as const));
  importState(parameters, new Map([...own, ...twice]), file);
}

/** The configuration keys for an encoder, as `--set` takes them. */
export function keysOf({ type, width, input, variant }: KnownEncoder): string {
  const { section } = encoderFacts(type);
  const own = Object.entries(variant).map(([key, value]) => {
    const beside = key === 'frames' || key === 'window';
    return ` encoder.${beside || section === null ? '' : `${section}.`}${key}=${value}`;
  });
  const streams = input === 'rgb' ? '' : ` encoder.input=${input}`;
  return `encoder.type=${type} encoder.width=${width}${streams}${own.join('')}`;
}

function readKeras(file: string): EncoderWeights {
  // Names and layouts are the same for every width.
  const type = encoderTypes.find((name) => encoders[name].keras)!;
  const { parameters } = knownEncoder(type)!;
  const state = fromKerasMobilenet(readTfjsWeights(file), parameters, file);
  return { encoder: identify(file, state, []), state, others: new Map(), metadata: {} };
}

function readTorch(file: string): EncoderWeights {
  const found = tensorsOf(file);
  const names = isCheckpoint(found) ? checkpointNames(found) : torchvisionNames(found.entries.map((e) => e.name));
  const entries = byOwnName(found, names);
  const beside = new Map([...entries].filter(([name]) => isBeside(name, entries)));
  const own = new Map([...entries].filter(([name]) => !beside.has(name)));
  const problems = [...own, ...beside]
    .filter(([name, { dtype }]) => !isCounter(name) && !floats.has(dtype))
    .map(([name, { dtype }]) => `${printable(name)} is ${dtype}, not a float`);
  const encoder = identify(file, own, problems, isCheckpoint(found) ? new Map() : beside);
  if (isCheckpoint(found) && classifiesAggregates(found, encoder, beside))
    for (const name of ['fc.weight', 'fc.bias']) beside.delete(name);

  const state: State = new Map();
  const others = new Map<string, TensorData>();
  const wanted = [...entries].filter(([name]) => own.has(name) || beside.has(name)).map(([, entry]) => entry);
  for (const [fileName, tensor] of found.read(wanted)) {
    const name = names.get(fileName)!;
    const narrow = narrowed(tensor);
    requireFiniteTensor(fileName, narrow, file);
    if (own.has(name)) state.set(name, { shape: [...narrow.shape], data: narrow.data as Float32Array });
    else others.set(name, narrow);
  }
  return { encoder, state, others, metadata: found.metadata };
}

type Entry = Pick<TensorEntry, 'name' | 'dtype' | 'shape'>;

/** The content of a file of tensors. */
interface FoundTensors {
  file: string;
  entries: readonly Entry[];
  metadata: Readonly<Record<string, string>>;
  read: (entries: readonly Entry[]) => Iterable<[name: string, tensor: TensorData]>;
}

function tensorsOf(file: string): FoundTensors {
  if (withFile(file, 'weights', (open) => isTorchFile(readBytes(open, 0, Math.min(torchMark, open.size))))) {
    const { entries, read } = readTorchFile(file);
    return { file, entries, metadata: {}, read: (some) => some.map(({ name }) => [name, read(name)]) };
  }
  const header = readSafetensorsHeader(file);
  const byName = new Map(header.entries.map((entry) => [entry.name, entry]));
  return {
    ...header,
    read: (some) =>
      readTensors(
        header,
        some.map(({ name }) => byName.get(name)!),
      ),
  };
}

/** The entries that `names` gives a name, by that name. */
function byOwnName({ file, entries }: FoundTensors, names: ReadonlyMap<string, string>): Map<string, Entry> {
  const named = new Map<string, Entry>();
  for (const entry of entries) {
    const name = names.get(entry.name);
    if (name === undefined) continue;
    const other = named.get(name);
    if (other)
      throw new UsageError(
        `${file}: "${printable(other.name)}" and "${printable(entry.name)}" are the same tensor, ${printable(name)}`,
      );
    named.set(name, entry);
  }
  return named;
}

const floats = new Set(['F32', 'F64', 'F16', 'BF16']);

function narrowed(tensor: TensorData): TensorData {
  return tensor.dtype === 'F64'
    ? { ...tensor, dtype: 'F32', data: Float32Array.from(tensor.data as Float64Array) }
    : tensor;
}

function isCheckpoint({ entries }: FoundTensors): boolean {
  return entries.some(({ name }) => /^(encoder|head)\./.test(name));
}

/**
 * Names for the tensors of a run's checkpoint: the encoder and, in stage 1, the classifier of clips, but neither head
 * nor optimizer slots, nor the encoder's aggregator, which is fitted anew.
 */
function checkpointNames({ file, entries }: FoundTensors): Map<string, string> {
  const names = entries.flatMap(({ name }): [string, string][] => {
    const own = /^(?:encoder\.(?!aggregator\.)(.+)|classifier\.(fc\..+))$/.exec(name);
    return own ? [[name, (own[1] ?? own[2])!]] : [];
  });
  if (!entries.some(({ name }) => name.startsWith('encoder.')))
    throw new UsageError(`${file}: a checkpoint without encoder: choose one of store/pretrain or store/joint`);
  return new Map(names);
}

/**
 * Whether the classifier in a run's checkpoint is one of what an aggregator made, as far as tensors tell it. It means
 * nothing to the network alone.
 */
function classifiesAggregates(
  { entries }: FoundTensors,
  { channels }: KnownEncoder,
  beside: ReadonlyMap<string, Entry>,
): boolean {
  const seen = beside.get('fc.weight')?.shape[1];
  const aggregates = entries.some(({ name }) => name.startsWith('encoder.aggregator.'));
  return seen !== undefined && (aggregates || seen !== channels);
}

/** Whether a tensor is not the encoder's own: the classifier, and counters of normalisations that the file contains. */
function isBeside(name: string, all: ReadonlyMap<string, unknown>): boolean {
  if (isCounter(name)) return all.has(name.replace(counter, '.running_mean'));
  return name === 'fc.weight' || name === 'fc.bias';
}

/** Names of the counters of batches that a normalisation has seen. */
const counter = /\.num_batches_tracked$/;
const isCounter = (name: string) => counter.test(name);

/**
 * Finds the encoder that has exactly these tensors.
 *
 * @throws UsageError listing `problems` and all differences from the closest encoder.
 */
function identify(
  file: string,
  state: ReadonlyMap<string, { shape: readonly number[] }>,
  problems: readonly string[],
  beside: ReadonlyMap<string, { shape: readonly number[] }> = new Map(),
): KnownEncoder {
  const closest = closestEncoder(new Map([...state].map(([name, { shape }]) => [name, shape])));
  const specs = new Set(closest.parameters.map(({ name }) => name));
  const [present, absent] = [true, false].map((is) => closest.parameters.filter(({ name }) => state.has(name) === is));
  const differences = {
    missing: absent!.map(({ name }) => name),
    extra: [...state.keys()].filter((name) => !specs.has(name)).map((name) => printable(name)),
    wrong: [
      ...problems,
      ...present!.flatMap((spec) => problemOf(spec, state.get(spec.name)?.shape) ?? []),
      ...classifierProblems(closest.channels, beside),
    ],
  };
  const lists = Object.entries(differences).filter(([, list]) => list.length > 0);
  if (lists.length === 0) return closest;
  throw new UsageError(
    `${file} holds none of the encoders ${encoderTypes.join(', ')}. ` +
      `Compared with the closest, ${closest.type} of width ${closest.width}: ${lists.map(([what, list]) => `${what}: ${listed(list)}`).join('. ')}`,
  );
}

function classifierProblems(channels: number, beside: ReadonlyMap<string, { shape: readonly number[] }>): string[] {
  const [weight, bias] = ['fc.weight', 'fc.bias'].map((name) => beside.get(name)?.shape);
  const problems: string[] = [];
  if (!weight && bias) problems.push('fc.weight is missing');
  if (weight && (weight.length !== 2 || weight[1] !== channels))
    problems.push(`fc.weight is [${printable(weight.join())}], not [classes,${channels}]`);
  if (weight && bias && (bias.length !== 1 || bias[0] !== weight[0]))
    problems.push(`fc.bias is [${printable(bias.join())}], not [classes]`);
  return problems;
}
