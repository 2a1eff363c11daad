import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageFields, ProtoWriter } from '../../src/engine/protobuf.js';
import { randomStream } from '../../src/engine/random.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test("messages have the bytes of protobuf's own documentation", () => {
  // protobuf.dev, "Encoding": a field 1 of 150; a field 2 "testing"; a field 3 that is a message with a field 1 of 150.
  assert.equal(hex(new ProtoWriter().integer(1, 150).finish()), '089601');
  assert.equal(hex(new ProtoWriter().field(2, 'testing').finish()), '120774657374696e67');
  assert.equal(hex(new ProtoWriter().field(3, new ProtoWriter().integer(1, 150)).finish()), '1a03089601');
});

test('negative numbers have ten bytes, floats four, and fields from 16 a longer tag', () => {
  assert.equal(hex(new ProtoWriter().integer(1, -2).finish()), '08feffffffffffffffff01');
  assert.equal(hex(new ProtoWriter().float(4, 1).finish()), '250000803f');
  assert.equal(hex(new ProtoWriter().integer(16, 1).finish()), '800101');
});

test('fields are read in order; numbers are passed over', () => {
  const message = new ProtoWriter().integer(1, 300).field(2, 'a').float(3, 1).field(2, 'bc').finish();
  const read = [...messageFields(message)].map(([field, content]) => [field, Buffer.from(content).toString()]);
  assert.deepEqual(read, [
    [2, 'a'],
    [2, 'bc'],
  ]);
});

test('bytes that are no message are refused, whatever they are', () => {
  for (const bytes of ['12', '1205', '0896', 'ff', '0b'])
    assert.throws(() => [...messageFields(Buffer.from(bytes, 'hex'))], RangeError, bytes);
  const random = randomStream(0, 'messages');
  for (let i = 0; i < 500; i++) {
    const bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
    try {
      for (const [field, content] of messageFields(bytes)) assert.ok(field >= 0 && content.length <= bytes.length);
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
    }
  }
});
