import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configHash, differences, stageConfig } from '../../src/config/hash.js';
import { configSchema } from '../../src/config/schema.js';

const stages = ['pretrain', 'joint', 'extract', 'head'] as const;
const parse = (tree: object) => configSchema.parse(tree);
const base = parse({});
/** The stages whose hash a change alters. */
const touched = (tree: object) => stages.filter((stage) => configHash(parse(tree), stage) !== configHash(base, stage));

test('where and how data are read, and the number in the plan, change no hash', () => {
  assert.deepEqual(touched({ data: { root: '/elsewhere', features: 'tsn', prefetch: 9, trainVideos: 3 } }), []);
});

test('what a stage depends on changes its hash, and no other’s', () => {
  assert.deepEqual(touched({ seed: 1 }), stages);
  assert.deepEqual(touched({ data: { dataset: 'other.json' } }), stages);
  assert.deepEqual(touched({ encoder: { frames: 4 } }), ['pretrain', 'joint', 'extract']);
  assert.deepEqual(touched({ pretrain: { lr: 1 } }), ['pretrain']);
  assert.deepEqual(touched({ joint: { cycle: { unit: 'batch' } } }), ['joint']);
  assert.deepEqual(touched({ model: { k: 4 } }), ['joint', 'head']);
  // The shapes of joint are parts of it, unless they are given.
  assert.deepEqual(touched({ full: { snippets: 50, size: 224 } }), ['joint', 'extract', 'head']);
  assert.deepEqual(touched({ full: { snippets: 50, size: 224 }, joint: { shapes: base.joint.shapes } }), [
    'extract',
    'head',
  ]);
  // Where there are windows it sees so much of a video, whatever its shapes.
  const windows = (snippets: number) =>
    parse({
      ...{ full: { snippets, size: 224 }, model: { window: { snippets: 64, every: 4 } } },
      joint: { shapes: base.joint.shapes },
    });
  assert.notEqual(configHash(windows(50), 'joint'), configHash(windows(60), 'joint'));
  assert.deepEqual(touched({ head: { classifier: { epochs: 1 } } }), ['head']);
  // The best epoch is chosen by it.
  assert.deepEqual(touched({ evaluation: { preset: 'thumos14' } }), ['head']);
});

test('a hash is short, and the same whatever order the keys came in', () => {
  assert.match(configHash(base, 'joint'), /^[0-9a-f]{16}$/);
  const one = parse({ joint: { lr: 1, batch: 2 }, seed: 3 });
  const two = parse({ seed: 3, joint: { batch: 2, lr: 1 } });
  for (const stage of stages) assert.equal(configHash(one, stage), configHash(two, stage));
});

test('differences: dotted keys with both values, lists as a whole', () => {
  const before = stageConfig(parse({ joint: { lr: 0.1 } }), 'joint');
  const after = stageConfig(parse({ joint: { lr: 0.2, lrSteps: [3], cycle: { length: 2 } } }), 'joint');
  assert.deepEqual(differences(before, before), []);
  assert.deepEqual(differences(before, after).sort(), [
    'joint.cycle.length: 1 → 2',
    'joint.lr: 0.1 → 0.2',
    'joint.lrSteps: [5,10] → [3]',
  ]);
  assert.deepEqual(differences({ a: 1 }, { b: { c: null } }), ['a: 1 → undefined', 'b: undefined → {"c":null}']);
});

test('keys that came later leave the hashes of configurations without them as they were', () => {
  // The hashes are as they were before there was a second head.
  assert.deepEqual(
    stages.map((stage) => configHash(base, stage)),
    ['7b633c5712eca64a', 'dea744682ad6ffc8', 'b3f9912ade638a61', '06783c0a2216a80e'],
  );
  assert.deepEqual(touched({ data: { fps: 10 } }), stages);
  assert.deepEqual(touched({ head: { optimizer: 'adamw' } }), ['head']);
  assert.deepEqual(touched({ model: { type: 'pyramid' } }), ['joint', 'head']);
  assert.deepEqual(touched({ data: { still: 0.5 } }), stages);
  assert.deepEqual(touched({ joint: { classes: false } }), ['joint']);
  assert.deepEqual(touched({ head: { views: 2 } }), ['head']);
});
