import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imagesOfSnippet } from '../../src/config/encoder-inputs.js';
import { configHash } from '../../src/config/hash.js';
import { configSchema } from '../../src/config/schema.js';

const parse = (encoder: object, others: object = {}) => configSchema.parse({ encoder, ...others });

/** The complaints about a configuration, each with its key. */
function complaints(encoder: object, others: object = {}): string[] {
  const parsed = configSchema.safeParse({ encoder, ...others });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a window must divide the frames, and only inputs that have windows take one', () => {
  for (const input of ['dynamic', 'rgb+dynamic', 'difference']) {
    for (const window of [2, 4, 8, null]) assert.deepEqual(complaints({ input, window }), [], `${input} ${window}`);
    assert.deepEqual(complaints({ input, window: 3 }), [
      'encoder.window: 8 frames (encoder.frames) are not a whole number of windows of 3',
    ]);
    assert.deepEqual(complaints({ input, window: 16 }), [
      'encoder.window: 8 frames (encoder.frames) are not a whole number of windows of 16',
    ]);
    const still = `a window of one frame shows no motion, which encoder.input=${input} asks for: set 2 or more`;
    assert.deepEqual(complaints({ input, window: 1 }), [`encoder.window: ${still}`]);
    assert.deepEqual(complaints({ input, frames: 1 }), [`encoder.frames: ${still}`]);
  }
  assert.deepEqual(complaints({ window: 4 }), [
    'encoder.window: the input rgb has no windows: set null, or another encoder.input',
  ]);
  assert.deepEqual(complaints({ frames: 1 }), []);
  assert.match(complaints({ input: 'flow' })[0]!, /^encoder\.input: .*"rgb"\|"dynamic"\|"rgb\+dynamic"\|"difference"/);
});

test('one image of a snippet is not shifted', () => {
  assert.equal(parse({ input: 'dynamic' }).encoder.shift, 0);
  assert.equal(parse({ input: 'dynamic', frames: 4, window: 4 }).encoder.shift, 0);
  assert.equal(parse({ input: 'dynamic', window: 4 }).encoder.shift, 8);
  assert.equal(parse({ frames: 1 }).encoder.shift, 8);
  assert.deepEqual(complaints({ input: 'difference', shift: 8 }), [
    'encoder.shift: encoder.input=difference makes one image of a snippet, which has no neighbour to shift from: set 0',
  ]);
  assert.deepEqual(complaints({ input: 'dynamic', type: 'r2plus1d-18' }), []);
  assert.deepEqual(parse(parse({ input: 'rgb+dynamic' }).encoder), parse({ input: 'rgb+dynamic' }));
});

test('the number of images of a snippet', () => {
  const of = (keys: object) => imagesOfSnippet(parse(keys).encoder);
  assert.equal(of({}), 8);
  assert.equal(of({ input: 'dynamic' }), 1);
  assert.equal(of({ input: 'rgb+dynamic', window: 2 }), 4);
});

test('shorter clips of multigrid must be whole windows too', () => {
  const multigrid = { pretrain: { multigrid: {} } };
  assert.deepEqual(complaints({}, multigrid), []);
  assert.deepEqual(complaints({ input: 'dynamic' }, multigrid), []);
  assert.deepEqual(complaints({ input: 'dynamic', window: 2 }, multigrid), []);
  const message = 'clips of 2 frames are not a whole number of windows of 4 frames, which encoder.input=dynamic needs';
  assert.deepEqual(complaints({ input: 'dynamic', window: 4 }, multigrid), [
    `pretrain.multigrid.longFactors.0.frames: ${message}`,
  ]);
  assert.match(complaints({ input: 'dynamic', frames: 4 }, multigrid)[0]!, /clips of 1 frames are not .* two or more/);
  const short = { pretrain: { multigrid: { longCycle: false } } };
  assert.deepEqual(complaints({ input: 'dynamic', window: 4 }, short), []);
});

test('every stage that trains or runs the encoder depends on them, and the head does not', () => {
  const stages = ['pretrain', 'joint', 'extract', 'head'] as const;
  const hashes = (encoder: object) => stages.map((stage) => configHash(parse({ shift: 0, ...encoder }), stage));
  const base = hashes({});
  assert.deepEqual(hashes({ input: 'rgb', window: null }), base);
  const seen = new Set<string>();
  for (const encoder of [{ input: 'dynamic' }, { input: 'difference' }, { input: 'dynamic', window: 4 }]) {
    const [pretrain, joint, extract, head] = hashes(encoder);
    for (const hash of [pretrain!, joint!, extract!]) seen.add(hash);
    assert.equal(head, base[3]);
  }
  assert.equal(seen.size, 9);
});
