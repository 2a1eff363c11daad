import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readCsvMatrix } from '../../../src/data/features/csv-matrix.js';
import { squeezed, transposed, type Matrix } from '../../../src/data/features/matrix.js';
import { parseNpy, readNpyMatrix } from '../../../src/data/features/npy.js';
import { readNpzMatrix } from '../../../src/data/features/npz.js';
import { zipMembers } from '../../../src/system/files/zip.js';
import { randomStream } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';
import { flippedBits, growth, rewrite } from '../../support/mutations.js';
import { csv, npy, npz } from '../../support/feature-files.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const fixture = (name: string) => path.join('test/fixtures/features', name);
const place = (name: string) => path.join(folder, name);
/** The matrix that test/fixtures/features/make.py wrote. */
const made: Matrix = { data: Float32Array.from({ length: 12 }, (_, i) => i / 8 - 1), shape: [3, 4] };

const refused = (work: () => unknown, ...said: RegExp[]) => {
  assert.throws(work, (error) => {
    assert.ok(error instanceof UsageError, String((error as Error).stack));
    assert.match(error.message, /^[^\p{Cc}\u2028\u2029]{10,700}$/u);
    for (const part of said) assert.match(error.message, part);
    return true;
  });
};

/** Writes `content` to a file and reads it. */
function read(reader: (file: string) => Matrix, content: string | Buffer): Matrix {
  rewrite(place('file'), content);
  return reader(place('file'));
}

describe('matrices', () => {
  it('sizes of 1 are squeezed off, from the front first', () => {
    const cases: [number[], [number, number] | null][] = [
      [
        [3, 4],
        [3, 4],
      ],
      [
        [1, 3, 4],
        [3, 4],
      ],
      [
        [3, 4, 1, 1],
        [3, 4],
      ],
      [
        [1, 3, 4, 1],
        [3, 4],
      ],
      [
        [1, 1, 4],
        [1, 4],
      ],
      [
        [1, 4],
        [1, 4],
      ],
      [[4], null],
      [[], null],
      [[2, 3, 4], null],
      [[3, 1, 4], null],
      [[0, 4], null],
    ];
    for (const [shape, sizes] of cases) assert.deepEqual(squeezed(shape), sizes, shape.join());
  });

  it('are transposed', () => {
    const turned = transposed({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
    assert.deepEqual(turned, { data: Float32Array.of(1, 4, 2, 5, 3, 6), shape: [3, 2] });
  });
});

describe('.npy', () => {
  for (const name of [
    'f2',
    'f4',
    'f8',
    'big-f2',
    'big-f4',
    'big-f8',
    'fortran',
    'leading',
    'trailing',
    'version-2',
    'version-3',
  ])
    it(`as NumPy writes it: ${name}`, () => {
      assert.deepEqual(readNpyMatrix(fixture(`${name}.npy`)), made);
    });

  it('what is no matrix of floats is refused', () => {
    refused(() => readNpyMatrix(fixture('integers.npy')), /integers\.npy: numbers of type <i8; floats/);
    refused(() => readNpyMatrix(fixture('pickled.npy')), /pickled\.npy: numbers of type \|O/);
    const shaped = (shape: string) => Buffer.from(npy(made).toString('latin1').replace('(3, 4)', shape), 'latin1');
    refused(() => read(readNpyMatrix, shaped('(12,) ')), /shape \[12\]; \[rows, columns\] expected/);
    refused(() => read(readNpyMatrix, shaped('(3, 5)')), /\[3,5\] takes 60 bytes, but there are 48/);
    refused(() => read(readNpyMatrix, shaped('(-3,4)')), /its header/);
    refused(() => read(readNpyMatrix, Buffer.concat([npy(made), Buffer.alloc(4)])), /48 bytes, but there are 52/);
    refused(() => read(readNpyMatrix, npy(made).subarray(0, -1)), /there are 47/);
    refused(() => read(readNpyMatrix, 'features\n'), /does not begin like one/);
    refused(() => readNpyMatrix(place('none.npy')), /none\.npy \(ENOENT\)/);
    refused(() => readNpyMatrix(folder), /not a file/);
  });

  it('a header is data, whatever it says', () => {
    const bytes = npy(made);
    for (const text of [
      '__import__("os")',
      "{'descr': '<f4'}",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4)}",
    ]) {
      const header = Buffer.from(bytes);
      header.fill(' ', 10, 127);
      header.write(text, 10);
      refused(() => parseNpy(header, 'x.npy'), /its header is not/);
    }
    const records = Buffer.from(bytes);
    records.fill(' ', 10, 127);
    records.write("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (12,)}", 10);
    assert.equal(parseNpy(records, 'x.npy').floats, false);
  });

  it('numbers that are not finite are named by row and column', () => {
    for (const [value, name] of [
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
    ] as const) {
      const data = made.data.slice();
      data[6] = value;
      refused(() => read(readNpyMatrix, npy({ ...made, data })), new RegExp(`row 2, column 3 is ${name}`));
    }
  });
});

describe('.npz', () => {
  it('as NumPy writes it: one array stored; of several the one called feats', () => {
    assert.deepEqual(readNpzMatrix(fixture('stored.npz')), made);
    assert.deepEqual(readNpzMatrix(fixture('deflated.npz')), made);
  });

  it('64-bit sizes', () => {
    assert.deepEqual(read(readNpzMatrix, npz({ a: npy(made) }, true)), made);
    assert.deepEqual(read(readNpzMatrix, npz({ a: npy(made) })), made);
  });

  it('an open choice is refused by name', () => {
    refused(() => readNpzMatrix(fixture('open.npz')), /several arrays could be the features: a \[3,4\], b \[3,4\]/);
    refused(() => read(readNpzMatrix, npz({})), /no 2-D array of floats in it/);
    refused(
      () => read(readNpzMatrix, npz({ long: npy({ data: made.data, shape: [12, 0] }) })),
      /no 2-D .* long \[12,0\]/,
    );
  });

  it('a member that claims more than deflate can give is not unpacked', () => {
    const bomb = npz({ a: Buffer.alloc(2 ** 20) });
    // The uncompressed size, in the directory.
    bomb.writeUInt32LE(2 ** 31 - 1, bomb.lastIndexOf('PK\x01\x02') + 24);
    const grown = growth(() => {
      refused(() => read(readNpzMatrix, bomb), /it claims 2147483647 bytes/);
    });
    assert.ok(grown < 2 ** 27, `${grown} bytes`);
    // The declared size is less than the content: no more than that is unpacked.
    bomb.writeUInt32LE(1000, bomb.lastIndexOf('PK\x01\x02') + 24);
    refused(() => zipMembers(bomb, 'x.npz')[0]!.read(), /its 1000 bytes cannot be unpacked/);
  });

  it('only the array that is chosen is unpacked', () => {
    const other = Buffer.from('not an array at all');
    const bytes = npz({ feats: npy(made), b: npy(made) });
    // The checksum of b in the directory, which only unpacking notices.
    bytes.writeUInt32LE(0, bytes.lastIndexOf('PK\x01\x02') + 16);
    assert.deepEqual(read(readNpzMatrix, bytes), made);
    refused(() => read(readNpzMatrix, npz({ feats: npy(made), b: other })), /\(b\.npy\): it does not begin like one/);
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`a${i}`, npy(made)]));
    refused(() => read(readNpzMatrix, npz(many)), /1001 arrays in it \(at most 1000 are allowed\)/);
  });

  it('a shape that the content does not have is refused before anything is unpacked', () => {
    const huge = npy({ data: new Float32Array(2 ** 24), shape: [2 ** 12, 2 ** 12] });
    const bytes = npz({ a: Buffer.concat([huge, Buffer.alloc(4)]) });
    const grown = growth(() => {
      refused(() => read(readNpzMatrix, bytes), /\[4096,4096\] takes 67108864 bytes, but there are 67108868/);
    });
    assert.ok(grown < 2 ** 24, `${grown} bytes`);
  });

  it('damage is noticed by the checksum', () => {
    const bytes = npz({ a: npy(made) });
    const changed = readFileSync(fixture('stored.npz'));
    changed[changed.indexOf('NUMPY') + 140] = 7;
    refused(() => read(readNpzMatrix, changed), /its checksum does not match/);
    refused(() => read(readNpzMatrix, bytes.subarray(0, -30)), /it may be truncated$/);
    bytes.writeUInt16LE(1, bytes.lastIndexOf('PK\x01\x02') + 8);
    refused(() => zipMembers(bytes, 'x.npz')[0]!.read(), /"a\.npy": encrypted/);
    bytes.writeUInt16LE(0, bytes.lastIndexOf('PK\x01\x02') + 8);
    bytes.writeUInt16LE(14, bytes.lastIndexOf('PK\x01\x02') + 10);
    refused(() => zipMembers(bytes, 'x.npz')[0]!.read(), /compressed by method 14/);
  });
});

describe('tables', () => {
  const rows = ['-1,-0.875,-.75,-625e-3', '-0.5,-0.375,-0.25,-0.125', '0,+0.125,0.25,0.375'];

  it('with names, with numbers as names, without, with blanks between, by any end of line', () => {
    for (const text of [
      rows.join('\n'),
      `${['f0,f1,f2,f3', ...rows].join('\r\n')}\r\n`,
      ['0,1,2,3', ...rows].join('\n'),
      `\n${rows.join('\n\n')}\n`,
      rows.join('\n').replaceAll(',', ', '),
      rows.join('\n').replaceAll(',', '\t'),
      `\uFEFFa,b,c,d\n${rows.join('\n')}`,
    ])
      assert.deepEqual(read(readCsvMatrix, text), made, text);
    assert.deepEqual(readCsvMatrix(fixture('savetxt.csv')), made);
  });

  it('floats come through to the bit', () => {
    const random = randomStream(1, 'csv');
    const data = Float32Array.from({ length: 300 }, () => random.between(-1, 1) * 10 ** random.between(-30, 30));
    assert.deepEqual(read(readCsvMatrix, csv({ data, shape: [3, 100] })), { data, shape: [3, 100] });
  });

  it('what is no table of numbers is refused with its line', () => {
    refused(() => read(readCsvMatrix, `${rows[0]!}\n1,2\n`), /:2: 2 numbers, but 4 in line 1/);
    refused(() => read(readCsvMatrix, `${rows[0]!}\n1,2,x,4`), /:2: "x" is not a finite number/);
    refused(() => read(readCsvMatrix, '1,2,x,4\n'), /:1: "x"/);
    refused(() => read(readCsvMatrix, `${rows[0]!}\n1,,3,4`), /:2: "" is not a finite number/);
    refused(() => read(readCsvMatrix, `${rows[0]!}\n1,0x10,3,4`), /:2: "0x10"/);
    refused(() => read(readCsvMatrix, '1,nan\n'), /:1: "nan"/);
    refused(() => read(readCsvMatrix, '1,2\n3,1e39\n'), /row 2, column 2 is Infinity/);
    refused(() => read(readCsvMatrix, ',0,1\n0,0.5,0.25\n'), /:1: the first column has no name.*index=False/);
    refused(() => read(readCsvMatrix, 'a,b\n'), /no numbers in it/);
    refused(() => read(readCsvMatrix, ''), /no numbers in it/);
  });
});

describe('300 seeded mutations are each read or refused in a line', () => {
  const kinds: Record<string, [(file: string) => Matrix, Buffer]> = {
    npy: [readNpyMatrix, npy(made)],
    'npz deflated': [readNpzMatrix, npz({ feats: npy(made), b: npy(made) })],
    'npz of 64-bit sizes': [readNpzMatrix, npz({ feats: npy(made) }, true)],
    'npz stored': [readNpzMatrix, readFileSync(fixture('stored.npz'))],
    csv: [readCsvMatrix, Buffer.from(csv(made))],
  };
  for (const [kind, [reader, good]] of Object.entries(kinds))
    it(kind, () => {
      let bad = 0;
      const grown = growth(() => {
        for (let i = 0; i < 300; i++) {
          const random = randomStream(1, 'features', kind, i);
          const bytes = flippedBits(good, good.length, random);
          rewrite(place('file'), i % 3 === 0 ? bytes.subarray(0, random.below(good.length)) : bytes);
          try {
            const { data, shape } = reader(place('file'));
            assert.equal(data.length, shape[0] * shape[1]);
            assert.ok(data.length <= 24 && data.every(Number.isFinite));
          } catch (error) {
            refused(() => {
              throw error;
            });
            bad++;
          }
        }
      });
      assert.ok(bad > 100, `${bad} refused`);
      assert.ok(grown < 2 ** 28, `${grown} bytes`);
    });
});
