import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../system/errors.js';
import { readJson } from '../system/files.js';
import { sizeOf } from './tensor.js';

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

/**
 * The weights of a TensorFlow.js layers model (`model.json` and its binary shards) by name, in Keras' layouts.
 *
 * @throws UsageError when a file is missing or does not hold what the manifest says.
 */
export function readTfjsWeights(file: string): Map<string, { shape: number[]; data: Float32Array }> {
  const parsed = modelSchema.safeParse(readJson(file, 'tfjs model'));
  if (!parsed.success)
    throw new UsageError(`${file}: not a tfjs model with float32 weights: ${parsed.error.issues[0]!.message}`);
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const { paths, weights } of parsed.data.weightsManifest) {
    const bytes = Buffer.concat(paths.map((name) => readShard(path.join(path.dirname(file), path.basename(name)))));
    const wanted = weights.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
    if (bytes.length !== wanted)
      throw new UsageError(`${file}: its weights take ${wanted} bytes, its shards hold ${bytes.length}`);
    let at = 0;
    for (const { name, shape } of weights) {
      const end = at + 4 * sizeOf(shape);
      tensors.set(name, { shape, data: new Float32Array(Uint8Array.from(bytes.subarray(at, end)).buffer) });
      at = end;
    }
  }
  return tensors;
}

function readShard(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    throw new UsageError(`weights not readable: ${file}`);
  }
}
