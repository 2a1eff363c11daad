import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configHash } from '../../src/config/hash.js';
import { configSchema } from '../../src/config/schema.js';

const parse = (encoder: object, others: object = {}) => configSchema.parse({ encoder, ...others });

/** The complaints about a configuration, each with its key. */
function complaints(encoder: object, others: object = {}): string[] {
  const parsed = configSchema.safeParse({ encoder, ...others });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('the sections have values for their own type alone', () => {
  assert.deepEqual(parse({ type: 'alexnet' }).encoder.alexnet, {
    ...{ preset: 'full', groups: 2, lrn: 'paper', overlap: true, feature: 'fc7', dropout: 0.5 },
  });
  assert.deepEqual(parse({ type: 'alexnet', alexnet: { preset: 'torchvision' } }).encoder.alexnet, {
    ...{ preset: 'torchvision', groups: 1, lrn: 'none', overlap: true, feature: 'fc7', dropout: 0.5 },
  });
  assert.deepEqual(parse({ type: 'fusion' }).encoder.fusion, {
    ...{ preset: 'full', kind: 'slow', streams: 'full', lrn: 'paper', feature: 'fc7', dropout: 0.5 },
  });
  const { alexnet, fusion, width, shift } = parse({ type: 'fusion', fusion: { kind: 'late' } }).encoder;
  assert.deepEqual([alexnet, fusion!.kind, width, shift], [null, 'late', 1, 0]);
  for (const type of ['resnet18', 'alexnet', 'fusion']) {
    const once = parse({ type });
    assert.deepEqual(parse(once.encoder), once, 'a parsed section parses to itself');
  }
});

test('a section is refused for every other type', () => {
  const words = (section: string, type: string) =>
    `encoder.${section}: these are keys of the encoder ${section}, not of ${type}: remove them, or set encoder.type`;
  assert.deepEqual(complaints({ alexnet: {} }), [words('alexnet', 'resnet18')]);
  assert.deepEqual(complaints({ type: 'alexnet', fusion: { kind: 'late' } }), [words('fusion', 'alexnet')]);
  assert.match(complaints({ type: 'alexnet', alexnet: { groups: 3 } })[0]!, /^encoder\.alexnet\.groups: /);
  assert.match(complaints({ type: 'fusion', fusion: { dropout: 1 } })[0]!, /^encoder\.fusion\.dropout: /);
});

test('what makes no sense is refused in one line', () => {
  const shift = (type: string) =>
    `encoder.shift: ${type} takes no shift: only resnet18, resnet34, resnet50, mobilenet-v2, efficientnet-lite0 do`;
  assert.deepEqual(complaints({ type: 'alexnet', shift: 8 }), [shift('alexnet')]);
  assert.deepEqual(complaints({ type: 'fusion', shift: 4 }), [shift('fusion')]);
  assert.deepEqual(complaints({ type: 'fusion', shift: 0 }), []);
  const rank = { aggregator: { type: 'rank' } };
  for (const kind of ['early', 'slow', 'late'])
    assert.deepEqual(complaints({ type: 'fusion', fusion: { kind }, ...rank }), [
      `encoder.aggregator: rank needs two images of a snippet or more, and fusion of kind ${kind} leaves one of 8: ` +
        'set encoder.fusion.kind=single, or mean',
    ]);
  assert.deepEqual(complaints({ type: 'fusion', fusion: { kind: 'single' }, ...rank }), []);
  assert.deepEqual(complaints({ type: 'alexnet', ...rank }), []);
  assert.deepEqual(complaints({ type: 'fusion', frames: 1, fusion: { kind: 'late' } }), [
    'encoder.fusion: late fusion sees the first and the last of two images of a snippet or more, and there is one',
  ]);
  for (const kind of ['early', 'slow', 'single'])
    assert.deepEqual(complaints({ type: 'fusion', frames: 1, fusion: { kind } }), []);
  assert.match(complaints({ type: 'alexnet', width: 3 })[0]!, /^encoder\.width: alexnet takes a factor of at most 2/);
});

test('shorter clips of multigrid are taken', () => {
  assert.deepEqual(complaints({ type: 'fusion', fusion: { preset: 'mini' } }, { pretrain: { multigrid: {} } }), []);
});

test('the keys change the hashes of the stages that run the encoder, and those of older runs stay', () => {
  const stages = ['pretrain', 'joint', 'extract', 'head'] as const;
  const hashes = (encoder: object) => stages.map((stage) => configHash(parse(encoder), stage));
  // As they were before these encoders.
  assert.equal(hashes({})[0], '7b633c5712eca64a');
  assert.deepEqual(hashes({ alexnet: null, fusion: null }), hashes({}));
  const [one, other] = [hashes({ type: 'fusion' }), hashes({ type: 'fusion', fusion: { kind: 'early' } })];
  assert.deepEqual(
    one.map((hash, i) => hash === other[i]),
    [false, false, false, true],
  );
});
