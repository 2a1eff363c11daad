import { writeFileSync } from 'node:fs';
import { encodeSafetensors } from '../../src/checkpoints/formats/safetensors.js';
import type { TensorData } from '../../src/checkpoints/formats/tensor.js';
import { randomStream } from '../../src/engine/random.js';
import { encoderFacts } from '../../src/config/encoder-facts.js';
import { knownEncoder, type KnownEncoder } from '../../src/models/weights/known-encoders.js';
import { torchShape } from '../../src/models/weights/torch-layout.js';

/**
 * The tensors of an encoder as in PyTorch's state_dict: every tensor, random in all its bits but finite (-0,
 * subnormals), the counters of its normalisations, and a classifier of five classes.
 */
export function stateDict(type: KnownEncoder['type'], width: number): Map<string, TensorData> {
  const { parameters, channels } = knownEncoder(type, width)!;
  const random = randomStream(11, type);
  const bits = (...shape: number[]): TensorData => {
    // With all bits of the exponent set, a number would be infinite or no number.
    const finite = (n: number) => (((n >>> 23) & 0xff) === 0xff ? n & 0x807fffff : n);
    const values = Uint32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => finite(random.below(2 ** 32)));
    return { dtype: 'F32', shape, data: new Float32Array(values.buffer) };
  };
  const tensors = new Map<string, TensorData>();
  for (const { name, kind, shape } of parameters) {
    tensors.set(name, bits(...torchShape(kind, shape)));
    if (name.endsWith('.running_var'))
      tensors.set(name.replace('running_var', 'num_batches_tracked'), {
        dtype: 'I64',
        shape: [],
        data: BigInt64Array.of(BigInt(random.below(2 ** 32)) << 20n),
      });
  }
  const { classifier } = encoderFacts(type);
  tensors.set(`${classifier}.weight`, bits(5, channels));
  tensors.set(`${classifier}.bias`, bits(5));
  // The largest and the smallest number, -0, the smallest subnormal.
  const [first] = tensors.values();
  new Uint32Array(first!.data.buffer).set([0x7f7fffff, 0xff7fffff, 0x80000000, 1]);
  return tensors;
}

/** Writes tensors as safetensors and gives the file back. */
export function writeWeights(
  file: string,
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Readonly<Record<string, string>>,
): string {
  writeFileSync(file, Buffer.concat(encodeSafetensors(tensors, metadata)));
  return file;
}
