import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../../src/system/errors.js';
import type { ColumnNames } from '../../../../src/data/annotations/tools/tool-format.js';
import { temporaryFolder } from '../../../support/temporary.js';
import { told, writeFiles } from '../../../support/tool-files.js';

const folder = temporaryFolder();
const read = (name: string, content: string | Uint8Array, columns: ColumnNames = {}) =>
  told(writeFiles(folder, { [name]: content }), { columns });
const instancesOf = (name: string, content: string | Uint8Array) => read(name, content).videos[0]!.instances;
const refused = (name: string, content: string | Uint8Array, message: RegExp, columns: ColumnNames = {}) => {
  assert.throws(
    () => read(name, content, columns),
    (error) => error instanceof UsageError && message.test(error.message.replaceAll(`${folder}/`, '')),
  );
};

describe('Audacity', () => {
  it('frequencies, points, decimal commas, labels without text, CRLF, tabs in labels', () => {
    const text = '1,500000\t2,250000\trun\r\n\\\t1.0\t2.0\r\n3.0\t3.0\tpeck\r\n4\t5\r\n6\t7\ta\tb\r\n';
    assert.deepEqual(instancesOf('a.txt', text), [
      ['run', 1.5, 2.25],
      ['peck', 3, 3],
      ['a b', 6, 7],
    ]);
    assert.deepEqual(read('a.txt', text).kinds, ['labels without a text']);
    assert.equal(read('talk.mp4.txt', text).videos[0]!.id, 'talk');
  });
  it('a table or words are none', () => {
    refused('a.txt', 'start\tend\tlabel\n1\t2\trun\n', /a table whose columns are start, end, label/);
    refused('a.txt', 'some words\n', /text that begins with "some words/);
    refused('a.txt', `1\t2\trun\n`.repeat(1000) + 'x\ty\tz\n', /a\.txt:1001: "x" is not a time/);
  });
});

describe('Praat', () => {
  const short = (tiers: string) => `File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n9.5\n<exists>\n${tiers}`;
  it('intervals and points; gaps, doubled quotes, comments, numbers of several forms, UTF-16', () => {
    const text = short(
      '2\n"IntervalTier" "a ""b""" 0 9.5 3\n0 1 ""\n1 2.5 "say ""hi"" ! no" ! 7 a comment\n2.5 9.5 "\n two\nlines"\n"TextTier"\n"p"\n0\n9.5\n1\n4e0\n"peck"\n',
    );
    const expected = [
      ['say "hi" ! no', 1, 2.5],
      ['two lines', 2.5, 9.5],
      ['peck', 4, 4],
    ];
    assert.deepEqual(instancesOf('a.TextGrid', text), expected);
    for (const encoding of ['utf16le', 'be'] as const) {
      const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
      assert.deepEqual(instancesOf('a.TextGrid', encoding === 'be' ? bytes.swap16() : bytes), expected);
    }
  });
  it('the long form, with CRLF', () => {
    const long =
      'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = 9.5 \ntiers? <exists> \nsize = 1 \nitem []: \n' +
      '    item [1]:\n        class = "IntervalTier" \n        name = "x 5" \n        xmin = 0 \n        xmax = 9.5 \n' +
      '        intervals: size = 1 \n        intervals [1]:\n            xmin = 0.25 \n            xmax = 9.5 \n            text = "run" \n';
    for (const text of [long, long.replaceAll('\n', '\r\n')])
      assert.deepEqual(instancesOf('a.TextGrid', text), [['run', 0.25, 9.5]]);
  });
  it('no tiers is a video in which nothing happens', () => {
    assert.deepEqual(instancesOf('a.TextGrid', short('0\n')), []);
    assert.deepEqual(instancesOf('a.TextGrid', short('').replace('<exists>', '<absent>')), []);
  });
  it('refused: another tier, what ends too early, a text that is not closed', () => {
    refused('a.TextGrid', short('1\n"PitchTier" "x" 0 1 0\n'), /IntervalTier or TextTier expected, not "PitchTier"/);
    refused('a.TextGrid', short('1\n"IntervalTier" "x" 0 1 5\n0 1 "a"\n'), /a number expected, not the end/);
    refused('a.TextGrid', short('1\n"IntervalTier "x'), /quote|expected/);
    refused('a.TextGrid', short('1e9\n'), /a text in quotes expected, not the end/);
  });
});

describe('subtitles', () => {
  it('SRT: marks, scores, entities, a period, cues without a number or text, old Macs’ line ends', () => {
    const text =
      '1\n00:00:01,000 --> 00:00:02.500 X1:1 X2:2\n<i>groom &amp; <b>self</b></i> (0.93)\n\n' +
      '00:01:00,5 --> 1:00:00,000\n{\\an8}two\nlines\n\n3\n00:00:05,000 --> 00:00:06,000\n\n4\n00:00:07,000 --> 00:00:08,000\na <b> c (1)\n';
    const expected = [
      ['groom & self', 1, 2.5],
      ['a <b> c (1)', 7, 8],
      ['two lines', 60.5, 3600],
    ];
    for (const one of [text, text.replaceAll('\n', '\r\n'), text.replaceAll('\n', '\r'), `\uFEFF${text}`])
      assert.deepEqual(instancesOf('a.srt', one), expected);
    assert.deepEqual(read('a.srt', text).kinds, ['cues without a text']);
  });
  it('VTT: notes, styles, regions, names and settings of cues, hours left out', () => {
    const text =
      'WEBVTT - title\nKind: captions\n\nNOTE\n00:01.000 --> 00:02.000\nnot this\n\nSTYLE\n::cue { color: red }\n\n' +
      'REGION\nid:x\n\ncue name\n00:01.000 --> 00:02.000 align:start position:0%\n<v Ann>run</v> <c.red>fast</c> &lt;b&gt; <00:01.500>\n\n' +
      '100:00:00.000 --> 100:00:01.000\nlate (0.50)\n';
    assert.deepEqual(instancesOf('a.vtt', text), [
      ['run fast <b>', 1, 2],
      ['late', 360_000, 360_001],
    ]);
    assert.equal(read('talk.en.vtt', text).videos[0]!.id, 'talk.en');
  });
  it('refused: times that are none', () => {
    refused('a.vtt', 'WEBVTT\n\n00:01 --> 00:02\nx\n', /^a\.vtt:3: times as/);
    refused(
      'a.srt',
      '1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:99,000 --> 00:01:00,000\ny\n',
      /^a\.srt:6: times as/,
    );
  });
});

describe('VIA segments as CSV', () => {
  const head =
    '# Exported using VGG Image Annotator\r\n# CSV_HEADER = metadata_id,file_list,temporal_segment_start,temporal_segment_end,metadata\r\n';
  it('labels by attribute; of several attributes the one that most have', () => {
    const rows =
      '"1","[""a, b.mp4""]",1,2,"{""T"":""run"",""who"":""x""}"\r\n"2","[""a, b.mp4""]",3,4,"{""T"":""hop""}"\r\n"3","[""c.mp4""]",3,4,"{}"\r\n';
    const found = read('v.csv', head + rows);
    assert.deepEqual(
      found.videos.map(({ id, instances }) => [id, instances]),
      [
        [
          'a, b',
          [
            ['run', 1, 2],
            ['hop', 3, 4],
          ],
        ],
        ['c', []],
      ],
    );
    assert.deepEqual(found.kinds, ['files with several attributes', 'segments without a label']);
  });
  it('refused: fields that are not JSON', () => {
    refused('v.csv', `${head}"1","a.mp4",1,2,"{}"\n`, /^v\.csv:3: file_list is not the JSON/);
    refused('v.csv', `${head}"1","[""a.mp4""]",x,2,"{}"\n`, /^v\.csv:3: "x" is no number of seconds/);
  });
});

describe('spreadsheets', () => {
  const rowsOf = (content: string | Uint8Array, columns: ColumnNames = {}) =>
    read('s.csv', content, columns).videos.flatMap(({ id, instances }) => instances.map((row) => [id, ...row]));
  const one = [['a', 'run', 1.5, 2.25]];

  it('any separator, order and case of columns; other columns are passed over', () => {
    for (const text of [
      'video,start,end,label\na.mp4,1.5,2.25,run\n',
      'LABEL\tObserver\tVideo\tEnd\tStart\nrun\tAB\ta.mp4\t2.25\t1.5\n',
      'sep=;\nVideo;Start;End;Label\na.mp4;1,5;2,25;run\n',
      'Datei;Beginn;Ende;Verhalten;;\na.mp4;1,5;2,250;run;;\n',
      '"File Name","Onset (s)","Offset (s)","Behavior"\n"a.mp4","00:01.5","0:00:02.25","run"\n',
      'start_time,end_time,class,filename\n1.5,2.25,run,C:\\x\\a.mp4\n',
      '# made by hand\n\nvideo,start,end,label\na.mp4,1.5,2.25,run\n',
      'video,start (ms),end_ms,label\na.mp4,1500,2250,run\n',
    ])
      assert.deepEqual(rowsOf(text, text.includes('end_ms') ? { start: 'start (ms)', end: 'end_ms' } : {}), one, text);
  });

  it('columns by names that the user gives', () => {
    const text = 'Clip no;Von;Bis;Was\na.mp4;1,5;2,25;run\n';
    refused('s.csv', text, /a table whose columns are Clip no, Von, Bis, Was; name those to read: --columns/);
    assert.deepEqual(rowsOf(text, { video: 'clip no', start: 'Von', end: 'Bis', label: 'Was' }), one);
    refused(
      's.csv',
      text,
      /no column for end, label: name it with --columns end=NAME; the columns are Clip no, Von, Bis, Was/,
      { video: 'Clip no', start: 'Von' },
    );
    refused('s.csv', text, /no column "Vom" \(--columns start=…\); did you mean "Von"\?/, { start: 'Vom' });
  });

  it('decimal commas that could be thousands are told by the others, or refused', () => {
    assert.deepEqual(rowsOf('video;start;end;label\na;1,500;2,25;run\n'), one);
    refused('s.csv', 'video;start;end;label\na;1,500;2,250;run\n', /s\.csv:2: "1,500" may be 1\.500 or 1500/);
    refused('s.csv', 'video;start;end;label\na;1,500;2.25;run\n', /s\.csv:2: "1,500" may be/);
  });

  it('videos in which nothing happens, unlabelled stretches, subsets, apostrophes, labels with line breaks', () => {
    const text =
      'video,start,end,label,subset,unlabelled\na,,,,validation,\nb,1,2,\'=run,,\nb,5,9,,,yes\nb,3,4,"two\nlines",training,\n';
    assert.deepEqual(read('s.csv', text).videos, [
      { id: 'a', subset: 'validation', instances: [], unlabelled: [] },
      {
        id: 'b',
        subset: 'training',
        instances: [
          ['=run', 1, 2],
          ['two lines', 3, 4],
        ],
        unlabelled: [[5, 9]],
      },
    ]);
  });

  it('encodings: UTF-8 and UTF-16 with their marks, Windows-1252 aloud, others not', () => {
    const text = 'video;start;end;label\r\na;1,5;2,25;Aufbäumen – ½\r\n';
    const expected = [['a', 'Aufbäumen – ½', 1.5, 2.25]];
    for (const bytes of [
      Buffer.from(`\uFEFF${text}`),
      Buffer.from(`\uFEFF${text}`, 'utf16le'),
      Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(),
    ]) {
      assert.deepEqual(rowsOf(bytes), expected);
      assert.deepEqual(read('s.csv', bytes).kinds, []);
    }
    const windows = Buffer.from(text.replace('–', '\x96'), 'latin1');
    assert.deepEqual(rowsOf(windows), expected);
    assert.match(read('s.csv', windows).warnings[0]!, /s\.csv: not in UTF-8 and read as Windows-1252: "Aufbäumen – ½"/);
    refused('s.csv', Buffer.from(text.replace('ä', '\x81'), 'latin1'), /s\.csv:2: not in UTF-8/);
    refused('s.csv', Buffer.from(text.replace('ä', 'a'), 'utf16le'), /not in UTF-8|zero byte/);
    refused('s.json', Buffer.from('{"results":{"ä":[]}}', 'latin1'), /not in UTF-8/);
  });

  it('refused: frames, missing parts, a workbook, names twice', () => {
    const mapped = { video: 'video', start: 'start frame', end: 'end frame', label: 'label' };
    refused('s.csv', 'video,start frame,end frame,label\na,1,2,run\n', /counts frames/, mapped);
    refused('s.csv', 'video,start,end,label\na,1,,run\n', /^s\.csv:2: "end" is empty/);
    refused('s.csv', 'video,start,end,label\na,1,2,\n', /^s\.csv:2: "label" is empty/);
    refused('s.csv', 'video,start,end,label\n,1,2,run\n', /^s\.csv:2: "video" is empty/);
    refused('s.csv', 'video,start,end,label\na,-1,2,run\n', /^s\.csv:2: "-1" is not a time/);
    refused('s.csv', 'video,start,end,label,Label\na,1,2,x,y\n', /two columns are called "label"/);
    refused('s.csv', 'video,start,end,label\na,1,2,x,y\n', /^s\.csv:2: 5 fields, but the first line names 4/);
    refused('s.xlsx', Buffer.from('PK\x03\x04…'), /a workbook or an archive/);
    refused('s.csv', '', /it is empty/);
  });
});

describe('DeepEthogram', () => {
  const table = (...rows: string[]) => [',background,run,hop', ...rows.map((row, i) => `${i},${row}`)].join('\n');
  it('runs of frames, classes at the same time, frames that are not labelled', () => {
    const found = read('clip 1_labels.csv', table('1,0,0', '0,1,0', '0,1,1', '0,0,1', '1,0,0', '-1,-1,-1', '1,0,0'));
    assert.deepEqual(found.videos, [
      {
        id: 'clip 1',
        subset: 'training',
        instances: [
          ['run', 0.04, 0.12],
          ['hop', 0.08, 0.16],
        ],
        unlabelled: [[0.2, 0.24]],
      },
    ]);
    assert.match(found.warnings[0]!, /^1 of 7 frames are not labelled yet/);
  });
  it('an action that such frames cut goes, and its time with it', () => {
    const found = read('c_labels.csv', table('1,0,0', '0,1,0', '0,1,0', '-1,-1,-1', '0,1,0', '1,0,0'));
    assert.deepEqual(found.videos[0]!.instances, []);
    assert.deepEqual(found.videos[0]!.unlabelled, [[0.04, 0.2]]);
    assert.match(found.warnings[0]!, /nor are 2 actions that such frames cut/);
  });
  it('refused: a frame too many, a value that is none, a class without a name', () => {
    refused('d.csv', `${table('1,0,0')}\n3,0,0,0`, /^d\.csv:3: frame 1 expected, not "3"/);
    refused('d.csv', table('1,0,0', '0,2,0'), /^d\.csv:3: "2" must be 0, 1, or -1/);
    refused('d.csv', ',background,\n0,1,0\n', /column 3 has no name/);
  });
});
