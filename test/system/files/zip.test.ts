import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zipMembers } from '../../../src/system/files/zip.js';
import { growth } from '../../support/mutations.js';
import { zip } from '../../support/zip.js';

const content = Buffer.from('some text, '.repeat(50));

test('members that are stored and members that are deflated, each with its size and its beginning', () => {
  const members = zipMembers(
    zip([
      { name: 'a', content },
      { name: 'b', content, deflate: true },
    ]),
    'x.zip',
  );
  assert.deepEqual(
    members.map(({ name, size, stored }) => [name, size, stored]),
    [
      ['a', content.length, true],
      ['b', content.length, false],
    ],
  );
  for (const { head, read } of members) {
    assert.deepEqual(read(), content);
    assert.ok(head().length > 100 && content.subarray(0, head().length).equals(head()));
  }
});

test('a member that lies over another one is refused, also one that lies within its data', () => {
  const over = zip([
    { name: 'a', content },
    { name: 'b', content, over: 'a' },
  ]);
  assert.throws(() => zipMembers(over, 'x.zip'), {
    name: 'UsageError',
    message: 'not a valid zip file: x.zip: "b" lies over another file in it',
  });
  const inner = zip([{ name: 'c', content }]);
  const within = zip([
    { name: 'a', content: inner },
    { name: 'b', content, over: 'a' },
  ]);
  // The directory's second entry points to the local header inside of the first member's content.
  within.writeUInt32LE(within.indexOf(inner), within.lastIndexOf('PK\x01\x02') + 42);
  assert.throws(() => zipMembers(within, 'x.zip'), /"b" lies over another file in it/);
});

test('a member that would unpack to more than 256 MiB from a twentieth of it is not unpacked', () => {
  const bomb = zip([{ name: 'zeros', content: Buffer.alloc(2 ** 20), deflate: true }]);
  const big = zip([{ name: 'zeros', content: Buffer.alloc(2 ** 19, 'ab'), deflate: true }]);
  const [member] = zipMembers(bomb, 'x.zip');
  assert.equal(member!.read().length, 2 ** 20);
  // The sizes that the directory claims, packed and unpacked.
  big.writeUInt32LE(300_000, big.lastIndexOf('PK\x01\x02') + 20);
  big.writeUInt32LE(2 ** 28 + 1, big.lastIndexOf('PK\x01\x02') + 24);
  const grown = growth(() => {
    assert.throws(
      () => zipMembers(big, 'x.zip')[0]!.read(),
      /its 300000 bytes unpack to 268435457 \(at most 268435456/,
    );
  });
  assert.ok(grown < 2 ** 26, `${grown} bytes`);
});
