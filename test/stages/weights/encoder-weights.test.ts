import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import type { TensorData } from '../../../src/checkpoints/formats/tensor.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { encoderTypes } from '../../../src/config/encoder-facts.js';
import { knownEncoder } from '../../../src/models/weights/known-encoders.js';
import { torchShape } from '../../../src/models/weights/torch-layout.js';
import { Parameters } from '../../../src/models/parameters.js';
import { exportState } from '../../../src/models/state.js';
import { loadEncoderWeights, readEncoderWeights } from '../../../src/stages/weights/encoder-weights.js';
import { checkpoint } from '../../support/checkpoints.js';
import { growth } from '../../support/mutations.js';
import { stateDict, writeWeights } from '../../support/encoder-weights.js';
import { temporaryFolder } from '../../support/temporary.js';

await startEngine();

const width = 2;
const resnet = stateDict('resnet18', width);
const specs = knownEncoder('resnet18', width)!.parameters;
const vector = (...values: number[]): TensorData => ({
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const bitsOf = ({ data }: { data: Float32Array }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** A file with resnet18's tensors, some of them changed, or left out (null). */
function fileWith(t: TestContext, changes: Record<string, TensorData | null> = {}): string {
  const tensors = new Map(resnet);
  for (const [name, tensor] of Object.entries(changes)) {
    if (tensor) tensors.set(name, tensor);
    else tensors.delete(name);
  }
  return writeWeights(path.join(temporaryFolder(t), 'weights.safetensors'), tensors);
}

describe('readEncoderWeights', () => {
  it('tells the encoder’s own tensors from what stands beside them', (t) => {
    const { encoder, state, others } = readEncoderWeights(fileWith(t));
    assert.equal(encoder.type, 'resnet18');
    assert.deepEqual([...state.keys()].sort(), specs.map(({ name }) => name).sort());
    assert.equal(others.size, 2 + 20);
    assert.deepEqual(others.get('fc.bias'), resnet.get('fc.bias'));
    assert.deepEqual(others.get('bn1.num_batches_tracked'), resnet.get('bn1.num_batches_tracked'));
    assert.equal(readEncoderWeights(fileWith(t, { 'fc.weight': null, 'fc.bias': null })).others.size, 20);
    assert.equal(readEncoderWeights(fileWith(t, { 'fc.bias': null })).others.size, 21);
  });

  it('lists all that is missing, extra, misshapen or no number', (t) => {
    const file = fileWith(t, {
      'bn1.bias': null,
      'conv1.weight': { ...resnet.get('conv1.weight')!, shape: [2, 3, 49] },
      'layer1.0.bn1.weight': { dtype: 'I32', shape: [2], data: Int32Array.of(1, 2) },
      'bn9.num_batches_tracked': resnet.get('bn1.num_batches_tracked')!,
      'a\nb': vector(1),
      'fc.weight': { dtype: 'F32', shape: [5, 4], data: new Float32Array(20) },
      'fc.bias': vector(1, 2, 3),
    });
    assert.throws(
      () => readEncoderWeights(file),
      (error: Error) => {
        assert.equal(error.name, 'UsageError');
        assert.equal(
          error.message,
          `${file} holds none of the encoders ${encoderTypes.join(', ')}. ` +
            'Compared with the closest, resnet18 of width 2: ' +
            'missing: bn1.bias. extra: bn9.num_batches_tracked; a?b. wrong: layer1.0.bn1.weight is I32, not a float; ' +
            'conv1.weight is [2,3,49], not [2,3,7,7]; fc.weight is [5,4], not [classes,16]; ' +
            'fc.bias is [3], not [classes]',
        );
        return true;
      },
    );
    assert.throws(
      () => readEncoderWeights(fileWith(t, { 'fc.weight': null })),
      /width 2: wrong: fc\.weight is missing$/,
    );
  });

  it('refuses two tensors that are the same', (t) => {
    const message =
      /weights\.safetensors: "(module\.bn1\.bias|bn1\.bias)" and "\S*bn1\.bias" are the same tensor, bn1\.bias$/;
    const file = fileWith(t, { 'module.bn1.bias': vector(1, 2) });
    assert.throws(() => readEncoderWeights(file), { name: 'UsageError', message });
    assert.throws(
      () => readEncoderWeights(fileWith(t, { 'new_fc.bias': vector(1, 2) })),
      /are the same tensor, fc\.bias$/,
    );
  });

  it('lists ten of many and counts the rest, in one line', (t) => {
    const tensors = new Map(Array.from({ length: 500 }, (_, i) => [`bert.${i}.weight`, vector(i)]));
    const file = writeWeights(path.join(temporaryFolder(t), 'bert.safetensors'), tensors);
    assert.throws(
      () => readEncoderWeights(file),
      /missing: ([^;\n]+; ){10}and 90 more\. extra: bert\.0\.weight; ([^;\n]+; ){9}and 490 more$/,
    );
  });

  it('narrows doubles and widens halves', (t) => {
    const doubles = { dtype: 'F64', shape: [2], data: Float64Array.of(0.1, -0) } as const;
    const { state } = readEncoderWeights(fileWith(t, { 'bn1.bias': doubles }));
    assert.deepEqual(state.get('bn1.bias'), { shape: [2], data: Float32Array.of(0.1, -0) });

    const header: Record<string, object> = {};
    let end = 0;
    for (const [i, { name, kind, shape }] of specs.entries()) {
      const begin = end;
      end += 2 * shape.reduce((a, b) => a * b, 1);
      header[name] = {
        dtype: i % 2 ? 'F16' : 'BF16',
        shape: torchShape(kind, shape),
        data_offsets: [begin, end],
      };
    }
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    const file = path.join(temporaryFolder(t), 'halves.safetensors');
    // 0x4040 is 3 as BF16 and 2.125 as F16.
    writeFileSync(file, Buffer.concat([length, json, Buffer.alloc(end, 0x40)]));
    const halves = readEncoderWeights(file).state;
    assert.deepEqual(halves.get(specs[0]!.name)!.data.slice(0, 2), Float32Array.of(3, 3));
    assert.deepEqual(halves.get(specs[1]!.name)!.data, new Float32Array(specs[1]!.shape[0]!).fill(2.125));
  });

  it('takes the encoder and the classifier of clips out of a checkpoint, and says which have none', (t) => {
    const folder = temporaryFolder(t);
    const store = new RunStore(folder);
    const tensors = new Map<string, TensorData>([
      ['classifier.mean', vector(0)],
      ['head.base.0.weight', vector(1)],
      ['optimizer.encoder.conv1.weight', vector(2)],
    ]);
    for (const { name } of specs) tensors.set(`encoder.${name}`, resnet.get(name)!);
    tensors.set('classifier.fc.weight', resnet.get('fc.weight')!);
    store.save('joint', checkpoint(3, { tensors }));
    const { state, others } = readEncoderWeights(path.join(folder, 'store', 'joint', '3.safetensors'));
    assert.equal(state.size, specs.length);
    for (const { name } of specs)
      assert.ok(bitsOf(state.get(name)!).equals(bitsOf(resnet.get(name) as { data: Float32Array })));
    assert.deepEqual([...others.keys()], ['fc.weight']);
    store.save('head', checkpoint(4, { tensors: new Map([['head.base.0.weight', vector(1)]]) }));
    assert.throws(() => readEncoderWeights(path.join(folder, 'store', 'head', '4.safetensors')), {
      name: 'UsageError',
      message: /4\.safetensors: a checkpoint without encoder: choose one of store\/pretrain or store\/joint$/,
    });
  });

  it('refuses what is no encoder before it reads a tensor', (t) => {
    const file = path.join(temporaryFolder(t), 'sparse.safetensors');
    const header = JSON.stringify({ x: { dtype: 'F32', shape: [2 ** 31], data_offsets: [0, 2 ** 33] } }).padEnd(96);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(96n);
    writeFileSync(file, Buffer.concat([length, Buffer.from(header)]));
    truncateSync(file, 8 + 96 + 2 ** 33);
    const grown = growth(() => {
      assert.throws(() => readEncoderWeights(file), / and 90 more\. extra: x$/);
    });
    assert.ok(grown < 2 ** 27, `${grown} bytes`);
  });
});

describe('loadEncoderWeights', () => {
  it('sets every parameter to the bit, and what the model gives back is the same', (t) => {
    const parameters = new Parameters(specs, randomStream(1));
    loadEncoderWeights(parameters, fileWith(t));
    for (const [name, values] of exportState(parameters)) {
      const given = resnet.get(name) as { data: Float32Array };
      assert.deepEqual(values.shape, resnet.get(name)!.shape);
      assert.ok(bitsOf(values).equals(bitsOf(given)), name);
    }
    parameters.dispose();
  });

  it('says what a file of another encoder holds', (t) => {
    const parameters = new Parameters(specs, randomStream(1));
    const file = (type: 'resnet34' | 'resnet18', wide: number) =>
      writeWeights(path.join(temporaryFolder(t), 'other.safetensors'), stateDict(type, wide));
    const refused = (name: string, message: RegExp) => {
      assert.throws(
        () => {
          loadEncoderWeights(parameters, name);
        },
        { name: 'UsageError', message },
      );
    };
    // It has all that a resnet18 has, and more.
    refused(file('resnet34', width), /holds another encoder: set encoder\.type=resnet34 encoder\.width=2$/);
    refused(file('resnet18', 3), /does not fit the model: conv1\.weight is \[3,3,7,7\], not \[2,3,7,7\]; .* more$/);
    parameters.dispose();
  });
});

describe('tensors that are not finite', () => {
  it('are refused by their name in the file, also where a float64 does not fit into a float32', (t) => {
    const [name, first] = [...resnet][0]!;
    for (const value of [NaN, Infinity, -Infinity]) {
      const data = (first.data as Float32Array).slice();
      data[3] = value;
      assert.throws(() => readEncoderWeights(fileWith(t, { [name]: { ...first, data } })), {
        name: 'UsageError',
        message: new RegExp(`weights\\.safetensors: tensor "${name}" is not finite: its value number 4 is ${value}$`),
      });
    }
    const wide = Float64Array.from(first.data as Float32Array).fill(1e300, 0, 1);
    const file = fileWith(t, { [name]: { ...first, dtype: 'F64', data: wide } });
    assert.throws(() => readEncoderWeights(file), /is not finite: its value number 1 is Infinity$/);
  });
});
