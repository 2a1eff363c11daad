import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseTime } from '../../../src/data/formats/csv.js';
import { readAnnotations } from '../../../src/data/formats/read.js';
import { UsageError } from '../../../src/system/errors.js';
import { temporaryFolder } from '../../video/fixture.js';

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
    },
  });
  assert.deepEqual(readAnnotations('activitynet', file), [
    {
      id: 'sJn3E9bUKt8',
      subset: 'training',
      duration: 70.71,
      instances: [{ start: 1.5, end: 60.25, label: 'Ballet' }],
    },
    { id: '-uJnucdW6DY', subset: 'testing', duration: 12, instances: [] },
  ]);
});

test('the form of BSN and G-TAD takes its splits from the table beside it', () => {
  const annotations = [{ segment: [1, 2], label: 'x' }];
  const file = write('anet_anno_action.json', {
    v_a: { duration_second: 9, duration_frame: 90, feature_frame: 80, annotations },
  });
  refused('activitynet', file, /no splits: put video_info_new\.csv/);
  write('video_info_new.csv', 'video,numFrame,seconds,fps,rfps,subset,featureFrame\nv_b,1,1,1,1,training,1\n');
  refused('activitynet', file, /v_a is not in video_info_new\.csv/);
  write('video_info_new.csv', 'video,numFrame,seconds,fps,rfps,subset,featureFrame\nv_a,1,1,1,1,validation,1\n');
  const instances = [{ start: 1, end: 2, label: 'x' }];
  assert.deepEqual(readAnnotations('activitynet', file), [{ id: 'v_a', subset: 'validation', duration: 9, instances }]);
});

test('errors of ActivityNet files name the field', () => {
  const database = { a: { subset: 'training', annotations: [{ segment: ['0', 1], label: 'x' }] } };
  refused('activitynet', write('text.json', { database }), /text\.json: database\.a\.annotations\[0\]\.segment\[0\]: /);
  refused('activitynet', write('none.json', { database: {} }), /none\.json: no videos/);
  refused('activitynet', path.join(folder, 'absent.json'), /not readable/);
});

test('CSV: times, splits, names', () => {
  const file = write(
    'a.csv',
    'video,start,end,label,subset\nb.mp4,1.5,00:01:02.250,"Jump, high",validation\na,1:02,2:03,run,\nb,70,80,run,validation\nx.y,0,1,run,\n',
  );
  assert.deepEqual(readAnnotations('csv', file), [
    {
      id: 'b',
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
  refused('csv', write('b.csv', `${head}a,0,1,x,\na,one,2,x,\n`), /b\.csv:3: "one" is no time/);
  refused(
    'csv',
    write('b.csv', `${head}a,0,1,x,training\na,2,3,x,validation\n`),
    /b\.csv:3: a is in "validation" here/,
  );
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
    ['NaN', undefined],
  ];
  for (const [text, seconds] of times) assert.equal(parseTime(text), seconds, text);
});

test('formats not read yet are named as such', () => {
  for (const format of ['thumos', 'gtad', 'hacs', 'constructor']) {
    refused(
      format,
      path.join(folder, 'a.csv'),
      new RegExp(`format "${format}" is not supported: use activitynet or csv`),
    );
  }
});

test('the real annotations', (t) => {
  const real = path.resolve('../shared/data');
  if (!existsSync(real)) {
    t.skip('no ../shared/data');
    return;
  }
  const anet = readAnnotations('activitynet', path.join(real, 'annotations/activitynet13/anet_anno_action.json'));
  const of = (subset: string) => anet.filter((video) => video.subset === subset);
  assert.deepEqual([of('training').length, of('validation').length, of('testing').length], [9649, 4728, 4851]);
  assert.equal(
    of('validation').reduce((sum, { instances }) => sum + instances.length, 0),
    7293,
  );
  assert.equal(readAnnotations('activitynet', path.join(real, 'fir_action/annotations.json')).length, 17);
  assert.equal(readAnnotations('activitynet', path.join(real, 'composed_8cls/annotations.json')).length, 76);
});
