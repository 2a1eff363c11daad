import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectionsCsv } from '../../../src/report/detections/detections-csv.js';

const csvOf = (id: string, label: string, start = 0) =>
  detectionsCsv({
    id,
    file: '/v.mp4',
    warnings: [],
    duration: 9,
    detections: [{ segment: [start, 1.5], score: 0.25, label }],
  });

test('a row for each detection, quoted where it must be', () => {
  assert.equal(csvOf('v_1', 'jump'), 'video,start,end,label,score\r\nv_1,0.000,1.500,jump,0.250000\r\n');
  assert.match(csvOf('v_1', 'a "b", c'), /,"a ""b"", c",/);
});

test('what a spreadsheet would take for a formula gets an apostrophe in front', () => {
  for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '=HYPERLINK("http://x","y")'])
    for (const row of [csvOf(formula, 'jump'), csvOf('v', formula)]) {
      const quoted = formula.includes('"') ? `"'${formula.replaceAll('"', '""')}"` : `'${formula}`;
      assert.ok(row.includes(`${quoted},`), row);
    }
  assert.match(csvOf('v', '\r=1'), /,"'\r=1",/);
  // Numbers are ours: a time before the video's start stays a number.
  assert.match(csvOf('v', 'a-b', -0.5), /^v,-0\.500,1\.500,a-b,/m);
});
