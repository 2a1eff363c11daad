import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blendStills } from '../../../src/data/frames/still.js';
import { randomStream } from '../../../src/engine/random.js';

/** A stream that gives these draws in their order. */
function drawing({ below, uniform }: { below: number[]; uniform: number[] }) {
  const random = randomStream(0);
  random.below = () => below.shift()!;
  random.uniform = () => uniform.shift()!;
  return random;
}

test('every frame moves towards one still frame of another sample, by a share of its own', () => {
  const samples = [Uint8Array.from([0, 100, 200, 40]), Uint8Array.from([10, 20, 30, 40])];
  // The stills are frame 1 of the first sample and frame 0 of the second; the shares are 0.5 · 1 and 0.5 · 0.2.
  blendStills(samples, 2, 0.5, drawing({ below: [1, 0, 0], uniform: [1, 0.2] }));
  assert.deepEqual([...samples[0]!], [5, 60, 105, 30]);
  assert.deepEqual([...samples[1]!], [29, 22, 47, 40]);
});

test('a sample that is alone takes a frame of its own; what stood still stays', () => {
  const moving = Uint8Array.from([0, 7, 100, 7, 200, 7]);
  blendStills([moving], 2, 1, drawing({ below: [2], uniform: [0.25] }));
  assert.deepEqual([...moving], [50, 7, 125, 7, 200, 7]);
});

test('no sample is given its own scene where there are others', () => {
  for (let seed = 0; seed < 50; seed++) {
    const samples = [0, 1, 2, 3].map((of) => new Uint8Array(4).fill(50 * of));
    const random = randomStream(seed);
    const drawn = randomStream(seed);
    random.below = (n) => drawn.below(n);
    random.uniform = () => 1;
    blendStills(samples, 2, 1, random);
    samples.forEach((sample, of) => {
      assert.notEqual(sample[0], 50 * of, `seed ${seed}`);
    });
    assert.equal(new Set(samples.map((sample) => sample[0])).size, 4, 'each still frame is used once');
  }
});

test('off: nothing is drawn, nothing changes', () => {
  const random = randomStream(3);
  const sample = Uint8Array.from([1, 2, 3]);
  blendStills([sample], 3, 0, random);
  assert.deepEqual([...sample], [1, 2, 3]);
  assert.equal(random.uniform(), randomStream(3).uniform());
});
