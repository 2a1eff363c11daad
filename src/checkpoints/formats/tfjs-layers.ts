import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../system/errors.js';
import { readRegularFile, withFile } from '../../system/files/regular-file.js';
import { printable } from '../../system/printable.js';
import { parseStrictJson } from './strict-json.js';
import { requireFiniteTensor, sizeOf } from './tensor.js';

const modelSchema = z.object({
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string()),
      weights: z.array(
        z.object({ name: z.string(), shape: z.array(z.int().nonnegative()), dtype: z.literal('float32') }),
      ),
    }),
  ),
});
type Group = z.output<typeof modelSchema>['weightsManifest'][number];

/** Limit of a model.json, which has a topology and the weights' names. Parsing takes several times as much memory. */
const maxModelBytes = 2 ** 24;
/** Levels of nesting: models may contain models of layers, which have options. */
const maxDepth = 64;

/**
 * The weights of a TensorFlow.js layers model (`model.json` and its binary shards) by name, in Keras' layouts. No more
 * memory is allocated than the size of the files justifies.
 *
 * @throws UsageError when a file is missing or does not hold what the manifest says.
 */
export function readTfjsWeights(file: string): Map<string, { shape: number[]; data: Float32Array }> {
  const groups = readManifest(file);
  // A shard that is listed a million times would take a million times its size.
  refuseRepeated(
    file,
    'shard',
    groups.flatMap(({ paths }) => paths.map((name) => path.basename(name))),
  );
  refuseRepeated(
    file,
    'weight',
    groups.flatMap(({ weights }) => weights.map(({ name }) => name)),
  );
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const group of groups) {
    const bytes = readShards(file, group);
    let at = 0;
    for (const { name, shape } of group.weights) {
      const end = at + 4 * sizeOf(shape);
      const data = new Float32Array(Uint8Array.from(bytes.subarray(at, end)).buffer);
      requireFiniteTensor(name, { dtype: 'F32', shape, data }, file);
      tensors.set(name, { shape, data });
      at = end;
    }
  }
  return tensors;
}

function readManifest(file: string): Group[] {
  const bytes = readRegularFile(file, 'tfjs model', maxModelBytes);
  let json: unknown;
  try {
    json = parseStrictJson(bytes, maxDepth);
  } catch (error) {
    throw new UsageError(`tfjs model ${(error as Error).message}: ${file}`);
  }
  const parsed = modelSchema.safeParse(json);
  if (parsed.success) return parsed.data.weightsManifest;
  const { path: at, message } = parsed.error.issues[0]!;
  throw new UsageError(`${file}: not a tfjs model with float32 weights: ${at.join('.')}: ${message}`);
}

/** The bytes of a group of weights. Shards are read from the model's folder, wherever their paths lead. */
function readShards(file: string, { paths, weights }: Group): Buffer {
  const wanted = weights.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const shards = paths.map((name) => {
    if (printable(name, 255) !== name) throw new UsageError(`${file}: shard "${printable(name)}" is not a file name`);
    return path.join(path.dirname(file), path.basename(name));
  });
  const held = shards.reduce((sum, shard) => sum + withFile(shard, 'weights', ({ size }) => size), 0);
  if (held !== wanted) throw new UsageError(`${file}: its weights take ${wanted} bytes, but its shards hold ${held}`);
  return Buffer.concat(shards.map((shard) => readRegularFile(shard, 'weights', wanted)));
}

function refuseRepeated(file: string, what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new UsageError(`${file}: ${what} "${printable(name)}" is listed twice`);
    seen.add(name);
  }
}
