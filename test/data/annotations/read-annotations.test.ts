import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseTime } from '../../../src/data/annotations/csv-annotations.js';
import { readAnnotations } from '../../../src/data/annotations/read-annotations.js';
import type { AnnotatedVideo } from '../../../src/data/annotations/annotations.js';
import { UsageError } from '../../../src/system/errors.js';
import { missing, shared } from '../../support/shared.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();

function write(name: string, content: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function refused(format: string, file: string, message: RegExp): void {
  assert.throws(
    () => readAnnotations(format, file),
    (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.ok(!error.message.includes('\n'));
      return true;
    },
  );
}

function withoutWarnings(videos: AnnotatedVideo[]): Omit<AnnotatedVideo, 'warnings'>[] {
  return videos.map(({ warnings, ...video }) => {
    assert.deepEqual(warnings, []);
    return video;
  });
}

test('ActivityNet as published', () => {
  const file = write('activity_net.v1-3.min.json', {
    version: 'VERSION 1.3',
    taxonomy: [{ parentName: 'Root', nodeName: 'Sports', nodeId: 1, parentId: 0 }],
    database: {
      sJn3E9bUKt8: {
        duration: 70.71,
        subset: 'training',
        resolution: '320x240',
        url: 'https://www.youtube.com/watch?v=sJn3E9bUKt8',
        annotations: [{ segment: [1.5, 60.25], label: 'Ballet' }],
      },
      '-uJnucdW6DY': { duration: 12, subset: 'testing', resolution: '', url: '', annotations: [] },
      hhjAfXm5EzY: { duration: null, subset: 'testing', resolution: null, url: '' },
      B7JQkwjxGtQ: { subset: 'testing', annotations: null },
    },
  });
  assert.deepEqual(readAnnotations('activitynet', file), [
    {
      id: 'sJn3E9bUKt8',
      subset: 'training',
      duration: 70.71,
      instances: [{ start: 1.5, end: 60.25, label: 'Ballet' }],
      warnings: [],
    },
    { id: '-uJnucdW6DY', subset: 'testing', duration: 12, instances: [], warnings: [] },
    { id: 'hhjAfXm5EzY', subset: 'testing', instances: [], warnings: [] },
    { id: 'B7JQkwjxGtQ', subset: 'testing', instances: [], warnings: [] },
  ]);
});

test('the form of BSN and G-TAD takes its splits from the table beside it', () => {
  const annotations = [{ segment: [1, 2], label: 'x' }];
  const file = write('anet_anno_action.json', {
    v_a: { duration_second: 9, duration_frame: 90, feature_frame: 80, annotations },
  });
  refused('activitynet', file, /no splits: put video_info_new\.csv/);
  write('video_info_new.csv', 'video,numFrame,seconds,fps,rfps,subset,featureFrame\nv_b,1,1,1,1,training,1\n');
  refused('activitynet', file, /:1: v_a: not in video_info_new\.csv/);
  write('video_info_new.csv', 'video,numFrame,seconds,fps,rfps,subset,featureFrame\nv_a,1,1,1,1,validation,1\n');
  const instances = [{ start: 1, end: 2, label: 'x' }];
  const video = { id: 'v_a', subset: 'validation', duration: 9, instances };
  assert.deepEqual(readAnnotations('activitynet', file), [{ ...video, warnings: [] }]);
  assert.deepEqual(readAnnotations('gtad', file), [{ ...video, warnings: [] }]);
  // A video in two splits has its instances only once.
  write('video_info_new.csv', 'video,subset\nv_a,validation\nv_a,training\n');
  const text = 'is in "validation" and in "training": it stays in "validation", with the instances of both';
  assert.deepEqual(readAnnotations('activitynet', file), [
    { ...video, warnings: [{ kind: 'videos in several subsets', text }] },
  ]);
});

test('HACS segments as published: ActivityNet’s layout, durations as text', () => {
  const file = write(
    'HACS_segments_v1.1.1.json',
    `{"database": {
      "--0edUL8zmA": {
        "annotations": [
          {"label": "Dodgeball", "segment": [5.40, 11.60]}, {"label": "Dodgeball", "segment": [12.60, 88.16]}
        ],
        "subset": "training", "duration": "92.166667", "url": "https://www.youtube.com/watch?v=--0edUL8zmA"},
      "zzz": {"annotations": [], "subset": "testing", "duration": "7", "url": ""}
    }}`,
  );
  assert.deepEqual(readAnnotations('hacs', file), [
    {
      id: '--0edUL8zmA',
      subset: 'training',
      duration: 92.166667,
      instances: [
        { start: 5.4, end: 11.6, label: 'Dodgeball' },
        { start: 12.6, end: 88.16, label: 'Dodgeball' },
      ],
      warnings: [],
    },
    { id: 'zzz', subset: 'testing', duration: 7, instances: [], warnings: [] },
  ]);
  refused(
    'hacs',
    write('bad.json', '{"database":\n{"a": {"subset": "x",\n"duration": "long"}}}'),
    /bad\.json:3: database\.a\.duration: /,
  );
});

test('THUMOS14: ActionFormer’s JSON, and the tables of G-TAD, one or a folder of them', () => {
  const json = write('thumos14.json', {
    version: 'Thumos14-30fps',
    database: {
      video_test_0000004: {
        subset: 'Test',
        duration: 33.83,
        fps: 30,
        annotations: [{ label: 'CricketBowling', segment: [0.2, 1.1], 'segment(frames)': [6, 33], label_id: 5 }],
      },
    },
  });
  const instances = [{ start: 0.2, end: 1.1, label: 'CricketBowling' }];
  const id = 'video_test_0000004';
  assert.deepEqual(readAnnotations('thumos', json), [{ id, subset: 'Test', duration: 33.83, instances, warnings: [] }]);

  const tables = path.join(folder, 'thumos_annotations');
  mkdirSync(tables);
  refused('gtad', tables, /thumos_annotations: no \*_Annotation\.csv in this folder/);
  const head = 'video,type,type_idx,start,end,startFrame,endFrame\n';
  const test = write('thumos_annotations/test_Annotation.csv', `${head}${id},CricketBowling,23,0.2,1.1,6,33\n`);
  write('thumos_annotations/val_Annotation.csv', `${head}video_validation_0000051,Billiards,12,67.5,75.9,2025,2277\n`);
  const first = { id, subset: 'test', instances, warnings: [] };
  assert.deepEqual(readAnnotations('gtad', test), [first]);
  const second = {
    id: 'video_validation_0000051',
    subset: 'validation',
    instances: [{ start: 67.5, end: 75.9, label: 'Billiards' }],
    warnings: [],
  };
  assert.deepEqual(readAnnotations('gtad', tables), [first, second]);
  assert.deepEqual(readAnnotations('thumos', tables), [first, second]);
  refused('gtad', write('own.csv', `${head}mine,x,1,0,1,0,30\n`), /own\.csv:2: .* not "mine": its split is unknown/);
  refused('gtad', write('own.csv', `${head}${id},x,1,0,soon,0,30\n`), /own\.csv:2: "soon" is not a time/);
});

test('a video in two subsets stays in the first, with the instances of both', () => {
  const file = write(
    'two.csv',
    'video,start,end,label,subset\na,0,1,x,training\nb,0,1,x,\na,2,3,y,validation\na,4,5,y,validation\n',
  );
  const [a, b, ...none] = readAnnotations('csv', file);
  assert.deepEqual(none, []);
  assert.deepEqual([a!.subset, a!.instances.map(({ start }) => start)], ['training', [0, 2, 4]]);
  const text = 'is in "training" and in "validation": it stays in "training", with the instances of both';
  assert.deepEqual(a!.warnings, [{ kind: 'videos in several subsets', text }]);
  assert.deepEqual(b!.warnings, []);
});

test('a video that a JSON file has twice: the last is read, and that is said', () => {
  const video = (subset: string) => `{"subset": "${subset}", "annotations": [{"segment": [0, 1], "label": "x"}]}`;
  const file = write(
    'twice.json',
    `{"database": {"a": ${video('training')}, "b": ${video('training')}, "a": ${video('validation')}}}`,
  );
  const said = readAnnotations('activitynet', file).map(({ id, subset, warnings }) => [id, subset, warnings]);
  const text = 'occurs more than once in the annotation file; only the last entry is read';
  assert.deepEqual(said, [
    ['a', 'validation', [{ kind: 'repeated videos', text }]],
    ['b', 'training', []],
  ]);
});

test('errors of ActivityNet files name the field', () => {
  const database = { a: { subset: 'training', annotations: [{ segment: ['0', 1], label: 'x' }] } };
  refused(
    'activitynet',
    write('text.json', { database }),
    /text\.json:1: database\.a\.annotations\[0\]\.segment\[0\]: /,
  );
  refused('activitynet', write('none.json', { database: {} }), /none\.json: no videos/);
  refused('activitynet', write('none.json', {}), /none\.json: no videos/);
  refused('activitynet', write('list.json', { database: [] }), /list\.json:1: database: expected an object/);
  refused('activitynet', write('split.json', '{"database": {\n"a": {}}}'), /split\.json:2: database\.a\.subset: /);
  refused('activitynet', write('late.json', '{\n"database": }'), /late\.json:2: annotation file is not JSON: at "}"/);
  refused('activitynet', path.join(folder, 'absent.json'), /not readable/);
});

test('CSV: times, splits, names', () => {
  const file = write(
    'a.csv',
    'video,start,end,label,subset\nb.mp4,1.5,00:01:02.250,"Jump, high",validation\na,1:02,2:03,run,\n' +
      'b,70,80,run,validation\nx.y,0,1,run,\n',
  );
  assert.deepEqual(withoutWarnings(readAnnotations('csv', file)), [
    {
      id: 'b',
      fileName: 'b.mp4',
      subset: 'validation',
      instances: [
        { start: 1.5, end: 62.25, label: 'Jump, high' },
        { start: 70, end: 80, label: 'run' },
      ],
    },
    { id: 'a', subset: 'training', instances: [{ start: 62, end: 123, label: 'run' }] },
    { id: 'x.y', subset: 'training', instances: [{ start: 0, end: 1, label: 'run' }] },
  ]);
});

test('errors of CSV files name the line', () => {
  const head = 'video,start,end,label,subset\n';
  refused('csv', write('b.csv', `${head}a,0,1,x,\na,one,2,x,\n`), /b\.csv:3: "one" is not a time/);
  refused('csv', write('b.csv', 'video,start,label\n'), /b\.csv:1: no column "end"/);
  refused('csv', write('b.csv', `${head}a,0,,x,\n`), /b\.csv:2: end is empty/);
});

test('times', () => {
  const times: [string, number | undefined][] = [
    ['0', 0],
    ['83.5', 83.5],
    ['.5', 0.5],
    ['600', 600],
    ['1:23.5', 83.5],
    ['01:00:00.001', 3600.001],
    ['100:00:00', 360_000],
    ['1:60', undefined],
    ['1:60:00', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['', undefined],
    ['1:2:3:4', undefined],
    ['9'.repeat(400), undefined],
    [`${'9'.repeat(400)}:00:00`, undefined],
    ['NaN', undefined],
  ];
  for (const [text, seconds] of times) assert.equal(parseTime(text), seconds, text);
});

test('an unknown format is refused with those that are known', () => {
  for (const format of ['bmn', 'constructor', '']) {
    const message = new RegExp(`format "${format}" is not supported: use activitynet, thumos, gtad, hacs, csv$`);
    refused(format, path.join(folder, 'a.csv'), message);
  }
});

/** Videos and instances by subset, and the classes. */
function count(videos: AnnotatedVideo[]) {
  const subsets: Record<string, [number, number]> = {};
  for (const { subset, instances } of videos) {
    const [before, inside] = subsets[subset] ?? [0, 0];
    subsets[subset] = [before + 1, inside + instances.length];
  }
  const classes = new Set(videos.flatMap(({ instances }) => instances.map(({ label }) => label)));
  assert.deepEqual(
    videos.flatMap(({ warnings }) => warnings),
    [],
  );
  return { ...subsets, classes: classes.size };
}

/** Composed files in the layouts of published ones; the README there says what is in them. */
const composed = path.resolve(import.meta.dirname, '../../fixtures/annotations');
const annotations = shared('data', 'annotations');

test('files in the layout of ActivityNet-1.3, as G-TAD has it and as published', () => {
  const file = path.join(composed, 'activitynet13/anet_anno_action.json');
  const expected = { training: [4, 5], validation: [2, 4], testing: [2, 0], classes: 5 };
  for (const format of ['activitynet', 'gtad']) assert.deepEqual(count(readAnnotations(format, file)), expected);
  const video = readAnnotations('activitynet', file).find(({ id }) => id === 'v_Ab3--xYz9_k');
  assert.deepEqual(video, {
    id: 'v_Ab3--xYz9_k',
    subset: 'training',
    duration: 63.22,
    instances: [
      { start: 0.01, end: 5.402, label: 'Folding paper' },
      { start: 40.18264073551907, end: 47.93018264401735, label: 'Folding paper' },
    ],
    warnings: [],
  });
  const official = readAnnotations('activitynet', path.join(composed, 'activitynet13/activity_net.v1-3.min.json'));
  assert.deepEqual(
    byId(official.map((video) => ({ ...video, id: `v_${video.id}` }))),
    byId(readAnnotations('activitynet', file)),
  );
});

test('files in the layouts of THUMOS14, as ActionFormer and as G-TAD have it', () => {
  const thumos = path.join(composed, 'thumos14');
  const certain = readAnnotations('thumos', path.join(thumos, 'thumos14_actionformer.json'));
  assert.deepEqual(count(certain), { Validation: [3, 11], Test: [3, 13], classes: 20 });
  const tables = readAnnotations('gtad', thumos);
  // The tables also hold one and three instances that are called ambiguous.
  assert.deepEqual(count(tables), { validation: [3, 12], test: [4, 16], classes: 21 });
  const single = (part: string) => count(readAnnotations('gtad', path.join(thumos, `gtad_${part}_Annotation.csv`)));
  assert.deepEqual(single('val'), { validation: [3, 12], classes: 11 });
  assert.deepEqual(single('test'), { test: [4, 16], classes: 13 });
  const named = tables
    .map(({ id, instances }) => ({ id, instances: instances.filter(({ label }) => label !== 'Ambiguous') }))
    .filter(({ instances }) => instances.length > 0);
  assert.deepEqual(byId(named), byId(certain.map(({ id, instances }) => ({ id, instances }))));
});

test('a file in the layout of ActivityNet that says more of each video', () => {
  const videos = readAnnotations('activitynet', path.join(composed, 'recordings/annotations.json'));
  assert.deepEqual(count(videos), { training: [2, 4], validation: [1, 2], classes: 4 });
  assert.deepEqual(
    videos.map(({ id, duration }) => [id, duration]),
    [
      ['20240105_101500_room_01_light_none', 151.2],
      ['20240105_103000_room_02_light_on', 60],
      ['20240105_104500_room_03_empty', 61.2],
    ],
  );
});

function byId<T extends { id: string }>(videos: T[]): T[] {
  return [...videos].sort((a, b) => (a.id < b.id ? -1 : 1));
}

test('the real ActivityNet-1.3, as G-TAD has it', { skip: missing(annotations) }, () => {
  const file = path.join(annotations, 'activitynet13/anet_anno_action.json');
  // docs/method.md §1.4
  const expected = { training: [9649, 14859], validation: [4728, 7293], testing: [4851, 0], classes: 200 };
  for (const format of ['activitynet', 'gtad']) assert.deepEqual(count(readAnnotations(format, file)), expected);
});

test('the real ActivityNet-1.3 in its official layout', { skip: missing(annotations) }, () => {
  // The official file is not available, so the same annotations are written in its form.
  const file = path.join(annotations, 'activitynet13/anet_anno_action.json');
  const database = Object.fromEntries(
    readAnnotations('activitynet', file).map(({ id, subset, duration, instances }) => [
      id.slice(2),
      {
        duration,
        subset,
        resolution: '320x240',
        url: `https://www.youtube.com/watch?v=${id.slice(2)}`,
        annotations: instances.map(({ start, end, label }) => ({ segment: [start, end], label })),
      },
    ]),
  );
  const official = write('activity_net.v1-3.min.json', { taxonomy: [], version: 'VERSION 1.3', database });
  assert.deepEqual(
    readAnnotations('activitynet', official).map((video) => ({ ...video, id: `v_${video.id}` })),
    readAnnotations('activitynet', file),
  );
});

test('the real THUMOS14', { skip: missing(annotations) }, () => {
  const thumos = path.join(annotations, 'thumos14');
  // 200 validation videos with 3007 instances, 212 test videos with 3358 (another one has only ambiguous
  // instances), and 20 classes.
  assert.deepEqual(count(readAnnotations('thumos', path.join(thumos, 'thumos14_actionformer.json'))), {
    Validation: [200, 3007],
    Test: [212, 3358],
    classes: 20,
  });
  // G-TAD's tables also have the instances that are called ambiguous: 89 and 99.
  const both = readAnnotations('gtad', thumos);
  assert.deepEqual(count(both), { validation: [200, 3096], test: [213, 3457], classes: 21 });
  const certain = both.map((video) => ({
    ...video,
    instances: video.instances.filter(({ label }) => label !== 'Ambiguous'),
  }));
  assert.deepEqual(count(certain), { validation: [200, 3007], test: [213, 3358], classes: 20 });
  const single = (part: string) => count(readAnnotations('gtad', path.join(thumos, `gtad_${part}_Annotation.csv`)));
  assert.deepEqual(
    [single('val'), single('test')],
    [
      { validation: [200, 3096], classes: 21 },
      { test: [213, 3457], classes: 21 },
    ],
  );
});

test('the real recordings and composed videos', { skip: missing(shared('data')) }, () => {
  const read = (set: string) => count(readAnnotations('activitynet', shared('data', set, 'annotations.json')));
  assert.deepEqual(read('fir_action'), { training: [14, 157], validation: [3, 57], classes: 9 });
  assert.deepEqual(read('composed_8cls'), { training: [60, 273], validation: [16, 69], classes: 8 });
});
