import type { TestContext } from 'node:test';
import type { Checkpoint } from '../../src/checkpoints/run-store.js';
import type { TensorData } from '../../src/checkpoints/formats/tensor.js';

/** The texts written to stderr while the test runs. */
export function captureStderr(t: TestContext): string[] {
  const lines: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => {
    lines.push(text);
    return true;
  });
  return lines;
}

/** A small checkpoint whose values depend on its step. */
export function checkpoint(step: number, changes: Partial<Checkpoint> = {}): Checkpoint {
  return {
    what: 'encoder',
    step,
    epoch: step / 10,
    tensors: tensorsOf(step),
    configHash: 'c0ffee',
    parents: [],
    inputs: {},
    classes: null,
    engine: 'wasm 4.22.0',
    seed: 7,
    best: null,
    finished: false,
    state: { phase: [step, 0.1], sampler: { position: step } },
    ...changes,
  };
}

export function tensorsOf(value: number): Map<string, TensorData> {
  return new Map<string, TensorData>([
    [
      'layer1.0.conv1.weight',
      { dtype: 'F32', shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, i) => value + i) },
    ],
    ['bn1.num_batches_tracked', { dtype: 'I64', shape: [], data: BigInt64Array.of(BigInt(value)) }],
  ]);
}
