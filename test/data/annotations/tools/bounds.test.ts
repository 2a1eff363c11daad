import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { test } from 'node:test';
import { UsageError } from '../../../../src/system/errors.js';
import { temporaryFolder } from '../../../support/temporary.js';
import { told, writeFiles } from '../../../support/tool-files.js';

const folder = temporaryFolder();

/** Reads a file and returns the reason why it is refused, or the number of its instances. */
function outcome(name: string, content: string | Uint8Array): string | number {
  try {
    const { videos } = told(writeFiles(folder, { [name]: content }));
    return videos.reduce((sum, { instances }) => sum + instances.length, 0);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  }
}

const many = 20_000;
const event = (type: string, time: number) => `o\tx\trun\t${type}\t${time}\ta.mp4\n`;
const observation = {
  type: 'MEDIA',
  file: { 1: ['a.mp4'] },
  events: [
    [1, '', 'run'],
    [2, '', 'run'],
  ],
};
const project = {
  behaviors_conf: { 0: { code: 'run', type: 'State event' } },
  observations: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`o${i}`, observation])),
};
const task = (i: number) => ({
  data: { video: `${i}.mp4` },
  annotations: [
    { result: [{ type: 'timelinelabels', value: { ranges: [{ start: 1, end: 9 }], timelinelabels: ['x'] } }] },
  ],
});

/** Hostile or merely large files, and what becomes of them. All of them together are done in seconds. */
const files: Record<string, [content: () => string | Uint8Array, becomes: RegExp | number]> = {
  'a gzip bomb': [() => gzipSync(Buffer.alloc(2 ** 27)), /unpacked it has more than/],
  'deep JSON': [() => '['.repeat(400_000), /is not JSON|of no annotation format/],
  'deep JSON that is complete': [() => '['.repeat(100_000) + ']'.repeat(100_000), /of no annotation format/],
  'deep JSON in a project': [
    () => `{"behaviors_conf":{},"observations":{"o":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
    /expected object/i,
  ],
  'deep XML': [() => '<ANNOTATION_DOCUMENT>'.repeat(20_000), /more than 100 deep/],
  'many elements': [() => `<ANNOTATION_DOCUMENT>${'<a/>'.repeat(50_000)}</ANNOTATION_DOCUMENT>`, 0],
  'many attributes': [
    () => `<ANNOTATION_DOCUMENT ${Array.from({ length: many }, (_, i) => `a${i}="x"`).join(' ')}/>`,
    0,
  ],
  'spaces without end': [() => ' '.repeat(500_000), /it is empty/],
  'a line without end': [() => `video,start,end,label\n${'a'.repeat(500_000)},1,2,x\n`, 1],
  'a header without end': [() => `video,start,end,label,${' ,"'.repeat(50_000)}`, /./],
  'commas without end': [() => ','.repeat(1_000_000), /of no annotation format/],
  'a TextGrid of a million parts that are not there': [
    () => 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<exists>\n1000000\n',
    /the end/,
  ],
  'a cue of a million lines': [() => `WEBVTT\n\n00:01.000 --> 00:02.000\n${'a &amp; <i>\n'.repeat(50_000)}`, 1],
  'signs of entities': [() => `WEBVTT\n\n00:01.000 --> 00:02.000\n${'&#'.repeat(100_000)}${'&a'.repeat(100_000)}`, 1],
  'many overlapping starts and stops': [
    () =>
      'Observation id\tSubject\tBehavior\tBehavior type\tTime\tMedia file name\n' +
      Array.from({ length: many / 2 }, (_, i) => event('START', i) + event('STOP', i + 1)).join(''),
    many / 2,
  ],
  'a project of many observations': [() => JSON.stringify(project, null, 1), 1000],
  'many tasks': [
    () =>
      JSON.stringify(
        Array.from({ length: 20_000 }, (_, i) => task(i)),
        null,
        1,
      ),
    20_000,
  ],
  'many frames': [
    () => `,background,run\n${Array.from({ length: many }, (_, i) => `${i},${i % 2},${1 - (i % 2)}`).join('\n')}`,
    many / 2,
  ],
};

for (const [name, [content, becomes]] of Object.entries(files)) {
  test(name, () => {
    const made = content();
    const from = performance.now();
    const got = outcome('file.x', made);
    const seconds = (performance.now() - from) / 1000;
    assert.ok(seconds < 30, `${seconds} s`);
    if (typeof becomes === 'number') assert.equal(got, becomes);
    else assert.match(String(got), becomes);
    assert.ok(String(got).length < 2000);
  });
}
