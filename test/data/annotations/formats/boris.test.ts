import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { test } from 'node:test';
import { UsageError } from '../../../../src/system/errors.js';
import { temporaryFolder } from '../../../support/temporary.js';
import { told, writeFiles } from '../../../support/tool-files.js';

const folder = temporaryFolder();
const read = (name: string, content: string | Uint8Array) => told(writeFiles(folder, { [name]: content }));
const refusal = (name: string, content: string) => {
  try {
    read(name, content);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message.replace(`${folder}/`, '');
  }
  throw new Error('it was read');
};
const instancesOf = ({ videos }: ReturnType<typeof told>) =>
  Object.fromEntries(videos.map(({ id, instances }) => [id, instances]));

type Event = [number, string, string, string?];
function project(events: Event[], extra: object = {}, media: Record<string, number | undefined> = { 'a.mp4': 60 }) {
  const conf = (code: string, type: string) => ({ code, type, key: code });
  return JSON.stringify({
    project_format_version: '7.0',
    behaviors_conf: {
      0: conf('run', 'State event'),
      1: conf('hop', 'Point event'),
      2: conf('sit', 'State event with coding map'),
    },
    observations: {
      one: {
        type: 'MEDIA',
        file: { 1: Object.keys(media), 2: [] },
        events,
        media_info: { length: media },
        ...extra,
      },
    },
  });
}

test('project: states take turns within subject and behaviour; gzipped as well', () => {
  const content = project([
    [1, 'x', 'run'],
    [2, 'y', 'run'],
    [3, 'x', 'run'],
    [3.5, '', 'hop'],
    [4, 'y', 'run'],
    [5, '', 'sit'],
    [5, '', 'sit'],
  ]);
  const expected = {
    a: [
      ['run', 1, 3],
      ['run', 2, 4],
      ['hop', 3.5, 3.5],
      ['sit', 5, 5],
    ],
  };
  assert.deepEqual(instancesOf(read('p.boris', content)), expected);
  assert.deepEqual(instancesOf(read('z.boris', gzipSync(content))), expected);
});

test('project: the clock runs on over media files and begins at the offset; what crosses a border is divided', () => {
  const events: Event[] = [
    [105, '', 'run'],
    [165, '', 'run'],
    [110, '', 'hop'],
    [120, '', 'hop'],
  ];
  const found = read(
    'p.boris',
    project(events, { 'time offset': 100 }, { 'd/a.mp4': 10, 'd/b.mp4': 20, 'd/c.mp4': 60 }),
  );
  assert.deepEqual(instancesOf(found), {
    a: [['run', 5, 10]],
    b: [
      ['hop', 0, 0],
      ['run', 0, 20],
      ['hop', 10, 10],
    ],
    c: [['run', 0, 35]],
  });
});

test('project: outside the observed interval nobody has labelled', () => {
  const found = read('p.boris', project([[12, '', 'hop']], { 'observation time interval': [10, 40] }));
  assert.deepEqual(
    found.videos[0]!.unlabelled.map(([start]) => start),
    [0, 40],
  );
  assert.equal(found.videos[0]!.unlabelled[0]![1], 10);
});

test('project: what cannot be read right is refused with its place', () => {
  assert.match(
    refusal('p.boris', project([[1, 'x', 'run']])),
    /^p\.boris:1: "run" of "x" starts at 1 s and never stops/,
  );
  assert.match(refusal('p.boris', project([[1, '', 'fly']])), /the behaviour "fly" is not in the ethogram/);
  assert.match(refusal('p.boris', project([[-1, '', 'hop']])), /events\[0\]\[0\]/);
  const unknown = project([[70, '', 'hop']], {}, { 'a.mp4': undefined, 'b.mp4': 5 });
  assert.match(refusal('p.boris', unknown), /the length of a\.mp4 is not given/);
  const early = project([[5, '', 'hop']], { 'time offset': 100 });
  assert.match(refusal('p.boris', early), /"hop" is at 5 s, before the observation's time offset of 100 s/);
});

test('project: observations without a video, and with several at once, are told of', () => {
  const live = read('p.boris', JSON.stringify({ ...JSON.parse(project([])), x: 1 }));
  assert.deepEqual(live.kinds, []);
  const of = (extra: object) => {
    const content = JSON.parse(project([[1, '', 'hop']], extra)) as { observations: Record<string, object> };
    content.observations['two'] = { type: 'MEDIA', file: { 1: ['b.mp4'] }, events: [] };
    return read('p.boris', JSON.stringify(content));
  };
  for (const extra of [{ type: 'LIVE' }, { file: [] }, { file: { 1: [] } }]) {
    assert.deepEqual(instancesOf(of(extra)), { b: [] });
    assert.deepEqual(of(extra).kinds, ['observations without a video']);
  }
  assert.match(of({ file: { 1: ['a.mp4'], 2: ['c.mp4'] } }).warnings[0]!, /shows several videos at once/);
});

const columns = [
  'Observation id',
  'Source',
  'Time offset (s)',
  'Media duration (s)',
  'Subject',
  'Behavior',
  'Modifier #1',
];
const header = [...columns, 'Behavior type', 'Time', 'Media file name'];
const table = (rows: string[][], separator = '\t', names = header) =>
  [names, ...rows].map((row) => row.join(separator)).join('\r\n');
const event = (type: string, time: string, modifier = '', media = 'a.mp4', source = 'player #1:a.mp4') => [
  'o',
  source,
  '0.0',
  '60',
  'x',
  'run',
  modifier,
  type,
  time,
  media,
];

test('tabular: any order of columns and rows, BOM, CRLF, comma or tab', () => {
  const rows = [event('STOP', '3'), event('START', '1'), event('POINT', '5')];
  const expected = {
    a: [
      ['run', 1, 3],
      ['run', 5, 5],
    ],
  };
  for (const separator of ['\t', ',', ';'])
    assert.deepEqual(instancesOf(read('t.tsv', `\uFEFF${table(rows, separator)}`)), expected);
  const turned = table(
    rows.map((row) => [...row].reverse()),
    '\t',
    [...header].reverse(),
  );
  assert.deepEqual(instancesOf(read('t.tsv', turned)), expected);
  const seconds = table(
    rows,
    '\t',
    header.map((name) => (name === 'Time' ? 'Time (s)' : name)),
  );
  assert.deepEqual(instancesOf(read('t.tsv', seconds)), expected);
});

test('tabular: touching states, modifiers that differ, a stop without them', () => {
  const touching = table([event('START', '1'), event('START', '2'), event('STOP', '2'), event('STOP', '3')]);
  assert.deepEqual(instancesOf(read('t.tsv', touching)), {
    a: [
      ['run', 1, 2],
      ['run', 2, 3],
    ],
  });
  const both = table([
    event('START', '1', 'fast'),
    event('START', '2', 'slow'),
    event('STOP', '3', 'fast'),
    event('STOP', '4', 'slow'),
  ]);
  assert.deepEqual(instancesOf(read('t.tsv', both)), {
    a: [
      ['run', 1, 3],
      ['run', 2, 4],
    ],
  });
  assert.deepEqual(instancesOf(read('t.tsv', table([event('START', '1', 'fast'), event('STOP', '3')]))), {
    a: [['run', 1, 3]],
  });
});

test('tabular: refused with file:line', () => {
  assert.match(
    refusal('t.tsv', table([event('START', '1'), event('START', '2')])),
    /^t\.tsv:2: .* starts again before/,
  );
  assert.match(refusal('t.tsv', table([event('START', '1')])), /^t\.tsv:2: "run" of "x" starts at 1 s and never stops/);
  assert.match(refusal('t.tsv', table([event('STOP', '1')])), /^t\.tsv:2: .* stops at 1 s and has not started/);
  assert.match(refusal('t.tsv', table([event('BEGIN', '1')])), /^t\.tsv:2: "BEGIN" is no type of event/);
  assert.match(refusal('t.tsv', table([event('POINT', 'NaN')])), /^t\.tsv:2: "NaN" is not a time/);
  const two = 'player #1:a.mp4;b.mp4';
  assert.match(
    refusal('t.tsv', table([event('POINT', '1', '', 'a.mp4', two)])),
    /2 media files one after the other, but one length/,
  );
  assert.match(
    refusal('t.tsv', table([event('POINT', '1', '', 'c.mp4')])),
    /1 s is said to be in c\.mp4, but .* in a\.mp4/,
  );
});

test('aggregated: a bout without a stop is refused, a point has none', () => {
  const names = ['Observation id', 'Media file name', 'Behavior', 'Behavior type', 'Start (s)', 'Stop (s)'];
  const of = (...rows: string[][]) => table(rows, ',', names);
  assert.deepEqual(
    instancesOf(
      read(
        'a.csv',
        of(['o', 'C:\\v\\a.mp4', 'run', 'STATE', '1', '2'], ['o', 'C:\\v\\a.mp4', 'run', 'POINT', '3', 'NA']),
      ),
    ),
    {
      a: [
        ['run', 1, 2],
        ['run', 3, 3],
      ],
    },
  );
  assert.match(refusal('a.csv', of(['o', 'a.mp4', 'run', 'STATE', '1', 'NA'])), /^a\.csv:2: "NA" is not a time/);
});

test('tabular 7: offset and several media files; a file without events keeps its video', () => {
  const of = (lines: string[], rows: string[]) =>
    [
      'Observation id\to',
      ...lines,
      'Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tComment\tStatus',
      ...rows,
    ].join('\n');
  const offset = of(
    ['Player #1\tC:\\v\\a.mp4', 'Time offset (s)\t100.0'],
    ['101\tC:\\v\\a.mp4\t60\t25\t\thop\t\tPOINT'],
  );
  assert.deepEqual(instancesOf(read('v7.tsv', offset)), { a: [['hop', 1, 1]] });
  assert.deepEqual(instancesOf(read('v7.tsv', of(['Player #1\ta.mp4', 'Player #1\tb.mp4'], []))), { a: [], b: [] });
  const two = of(['Player #1\ta.mp4', 'Player #1\tb.mp4'], ['61\tb.mp4\t60;30\t25\t\thop\t\tPOINT']);
  assert.deepEqual(instancesOf(read('v7.tsv', two)), { a: [], b: [['hop', 1, 1]] });
});
