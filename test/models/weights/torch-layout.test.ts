import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromTorchLayout, permute, torchShape, toTorchLayout } from '../../../src/models/weights/torch-layout.js';
import type { ParameterKind } from '../../../src/models/parameters.js';
import { seededArray } from '../../support/numeric.js';

/** Our shape of each kind with all sizes different, and PyTorch's. */
const shapes: Record<ParameterKind, [ours: number[], torch: number[]]> = {
  conv: [
    [2, 3, 4, 5],
    [5, 4, 2, 3],
  ],
  depthwise: [
    [2, 3, 4, 1],
    [4, 1, 2, 3],
  ],
  conv3d: [
    [2, 3, 4, 5, 6],
    [6, 5, 2, 3, 4],
  ],
  conv1d: [
    [3, 4, 5],
    [5, 4, 3],
  ],
  pointwise: [
    [1, 4, 5],
    [5, 4, 1, 1],
  ],
  linear: [
    [4, 5],
    [5, 4],
  ],
  flattened: [
    [2, 3, 4, 5],
    [5, 24],
  ],
  codebook: [
    [4, 5],
    [4, 5],
  ],
  vector: [[4], [4]],
};

for (const [kind, [ours, torch]] of Object.entries(shapes) as [ParameterKind, [number[], number[]]][]) {
  test(`${kind}: PyTorch's shape, and there and back`, () => {
    assert.deepEqual(torchShape(kind, ours), torch);
    const values = {
      shape: ours,
      data: seededArray(
        ours.reduce((a, b) => a * b),
        kind,
      ),
    };
    const there = toTorchLayout(kind, values);
    assert.deepEqual(there.shape, torch);
    assert.deepEqual(fromTorchLayout(kind, there, ours), values);
  });
}

test('by hand: a layer of a flattened map has its inputs channel by channel in PyTorch', () => {
  // [h = 1, w = 2, in = 3, out = 1], digits w, in.
  const data = Float32Array.of(0, 1, 2, 10, 11, 12);
  const torch = toTorchLayout('flattened', { shape: [1, 2, 3, 1], data });
  assert.deepEqual(torch, { shape: [1, 6], data: Float32Array.of(0, 10, 1, 11, 2, 12) });
});

test('by hand: a 1x2 convolution of two inputs and two outputs', () => {
  // [kh = 1, kw = 2, in = 2, out = 2], digits kw, in, out.
  const data = Float32Array.of(0, 1, 10, 11, 100, 101, 110, 111);
  const torch = toTorchLayout('conv', { shape: [1, 2, 2, 2], data });
  assert.deepEqual(torch, { shape: [2, 2, 1, 2], data: Float32Array.of(0, 100, 10, 110, 1, 101, 11, 111) });
});

test('by hand: depthwise, linear, convolution over time', () => {
  const numbers = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
  assert.deepEqual(
    toTorchLayout('depthwise', { shape: [1, 2, 3, 1], data: numbers(6) }).data,
    Float32Array.of(0, 3, 1, 4, 2, 5),
  );
  assert.deepEqual(
    toTorchLayout('linear', { shape: [2, 3], data: numbers(6) }).data,
    Float32Array.of(0, 3, 1, 4, 2, 5),
  );
  assert.deepEqual(
    toTorchLayout('conv1d', { shape: [2, 2, 2], data: numbers(8) }).data,
    Float32Array.of(0, 4, 2, 6, 1, 5, 3, 7),
  );
});

test('permuting puts every element where its indices say', () => {
  const values = { shape: [2, 3, 4, 5], data: seededArray(120, 'permute') };
  const order = [2, 0, 3, 1];
  const { shape, data } = permute(values, order);
  assert.deepEqual(shape, [4, 2, 5, 3]);
  for (let at = 0; at < 120; at++) {
    const [a, b, c, d] = [Math.floor(at / 60), Math.floor(at / 20) % 3, Math.floor(at / 5) % 4, at % 5];
    assert.equal(data[((c * 2 + a) * 5 + d) * 3 + b], values.data[at]);
  }
});

test('values keep their bits, NaNs with payloads too', () => {
  const bits = Uint32Array.of(0x7f812345, 0xffc12345, 0x80000000, 1);
  const there = toTorchLayout('linear', { shape: [2, 2], data: new Float32Array(bits.slice().buffer) });
  assert.deepEqual(new Uint32Array(there.data.buffer), Uint32Array.of(bits[0]!, bits[2]!, bits[1]!, bits[3]!));
});
