import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';

const joint = (keys: object, full?: object) => configSchema.parse({ joint: keys, ...(full && { full }) }).joint;
const listed = ({ shapes }: { shapes: { snippets: number; size: number }[] }) =>
  shapes.map(({ snippets, size }) => `${snippets}x${size}`);

describe('joint.fidelity', () => {
  it('of the paper’s full fidelity gives the shapes of table 2', () => {
    assert.deepEqual(listed(joint({ fidelity: 's' })), ['100x112']);
    assert.deepEqual(listed(joint({ fidelity: 't' })), ['25x224']);
    assert.deepEqual(listed(joint({ fidelity: 'st' })), ['50x158']);
    for (const name of ['long', 'short', null]) {
      assert.deepEqual(listed(joint({ fidelity: name })), ['100x112', '25x224', '50x158'], String(name));
    }
    assert.deepEqual(joint({ fidelity: 'long' }).cycle, { unit: 'epoch', length: 1 });
    assert.deepEqual(joint({ fidelity: 'short' }).cycle, { unit: 'batch', length: 16 });
  });

  it('goes with any full fidelity', () => {
    assert.deepEqual(listed(joint({}, { snippets: 48, size: 56 })), ['48x28', '12x56', '24x40']);
    assert.deepEqual(listed(joint({}, { snippets: 100, size: 112 })), ['100x56', '25x112', '50x79']);
  });

  it('gives way to shapes and to parts of the cycle', () => {
    assert.deepEqual(listed(joint({ shapes: [{ snippets: 8, size: 32 }] })), ['8x32']);
    assert.deepEqual(joint({ cycle: { unit: 'batch' } }).cycle, { unit: 'batch', length: 16 });
    assert.deepEqual(joint({ fidelity: 'short', cycle: { length: 4 } }).cycle, { unit: 'batch', length: 4 });
    assert.deepEqual(joint({ cycle: { length: 2 } }).cycle, { unit: 'epoch', length: 2 });
  });

  it('is refused beside shapes', () => {
    const { error } = configSchema.safeParse({ joint: { fidelity: 's', shapes: [{ snippets: 8, size: 32 }] } });
    assert.deepEqual(error?.issues[0]?.path, ['joint', 'fidelity']);
  });
});
