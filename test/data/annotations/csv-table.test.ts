import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readAnnotations } from '../../../src/data/annotations/read-annotations.js';
import { randomStream } from '../../../src/engine/random.js';
import { temporaryFolder } from '../../support/temporary.js';

const file = path.join(temporaryFolder(), 'a.csv');

function read(content: string | Uint8Array) {
  writeFileSync(file, content);
  return readAnnotations('csv', file).map(({ id, subset, instances }) => [
    id,
    subset,
    ...instances.map(({ start, end, label }) => [start, end, label]),
  ]);
}

function refused(content: string, message: RegExp): void {
  assert.throws(() => read(content), { name: 'UsageError', message });
}

test('commas, semicolons and tabs; columns in any order and capitals; a line that names the separator', () => {
  const wanted = [['m1', 'training', [1.5, 2.5, 'a']]];
  for (const text of [
    'video,start,end,label\nm1,1.5,2.5,a\n',
    'video;start;end;label\r\nm1;1.5;2.5;a\r\n',
    'Video\tSTART\tEnd\tLabel\nm1\t1.5\t2.5\ta\n',
    'sep=;\r\n"Label";"End";"Start";"Video"\r\na;2,5;1,5;m1\r\n;;;\r\n',
    'video,start,end,label,,\nm1,"1,5","2,5",a,,\n,,,,,\n',
  ]) {
    assert.deepEqual(read(text), wanted, text);
    assert.deepEqual(read(Buffer.from(`\uFEFF${text}`, 'utf16le')), wanted);
  }
});

test('a decimal comma is never a wrong number', () => {
  const head = 'video;start;end;label\n';
  assert.deepEqual(read(`${head}m1;0,500;00:01:02,25;a\n`), [['m1', 'training', [0.5, 62.25, 'a']]]);
  refused(`${head}m1;1,500;2;a\n`, /a\.csv:2: "1,500" may be 1\.500 or 1500 seconds: write it with a decimal point/);
  refused(`${head}m1;1.500,5;2;a\n`, /a\.csv:2: "1\.500,5" is not a time/);
  refused('video,start,end,label\nm1,1,5,2,5,a\n', /a\.csv:2: 6 fields, but the first line names 4 columns: /);
});

test('a column twice, other columns, quotes that do not close', () => {
  refused(
    'video,start,end,label,Start\nm1,1,2,a,25\n',
    /a\.csv:1: two columns are called "start": rename or delete one/,
  );
  refused(
    '\nFile,Begin,end,label\n',
    /a\.csv:2: no column "video" or "start"; .* must be video,start,end,label\[,subset\], and it is File,Begin,end/,
  );
  refused('video,start,end,label\nm1,1,2,"a\n', /a\.csv:\d: a quote \("\) is opened and not closed$/);
  refused('video,start,end,label\nm1,1,2,a "b"\n', /a\.csv:2: a quote \("\) within a field/);
  // Other columns may be there twice, or have no name.
  assert.equal(read('video,start,end,label,note,note\nm1,1,2,a,x,y\n').length, 1);
});

test('a line with a video alone is a video without actions', () => {
  const head = 'video,start,end,label,subset\n';
  assert.deepEqual(read(`${head}12,,,,validation\nm1,1,2,a,\n`), [
    ['12', 'validation'],
    ['m1', 'training', [1, 2, 'a']],
  ]);
  refused(
    `${head}m1,1,2,,\n`,
    /a\.csv:2: label is empty; a video without actions has a line with start, end and label/,
  );
  refused(`${head}m1,1,-1,a,\n`, /a\.csv:2: "-1" is not a time, .* write the time or delete the line/);
});

test('whatever the separator and the quotes, the fields come back', () => {
  for (let i = 0; i < 300; i++) {
    const random = randomStream(2, 'table', i);
    const separator = random.pick([',', ';', '\t']);
    const text = () =>
      Array.from({ length: 1 + random.below(6) }, () => random.pick(['a', 'é', '"', ',', ';', '\t', ' ', '\n'])).join(
        '',
      );
    const rows = Array.from({ length: 1 + random.below(4) }, (_, k) => ({ id: `v${k}`, label: `x${text()}x` }));
    const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;
    const lines = rows.map(({ id, label }) => [id, '1', '2', quoted(label)].join(separator));
    assert.deepEqual(
      read([['video', 'start', 'end', 'label'].join(separator), ...lines].join('\n')),
      rows.map(({ id, label }) => [id, 'training', [1, 2, label]]),
      JSON.stringify(lines),
    );
  }
});

test('a table of endless empty rows is refused before it is read', () => {
  refused(`video,start,end,label\n${',\n'.repeat(500_001)}`, /more than 500000 lines: divide it into several tables/);
});
