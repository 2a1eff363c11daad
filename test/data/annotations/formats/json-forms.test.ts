import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../../../support/temporary.js';
import { told, writeFiles } from '../../../support/tool-files.js';

const folder = temporaryFolder();
const read = (content: unknown, videos: string | null = null) =>
  told(writeFiles(folder, { 'x.json': JSON.stringify(content) }), { videos });
const byId = ({ videos }: ReturnType<typeof told>) =>
  Object.fromEntries(videos.map(({ id, instances }) => [id, instances]));

describe('VIA project', () => {
  const attribute = (name: string, anchor: string, type: number, options: object = {}) => ({
    aname: name,
    anchor_id: `FILE1_${anchor}`,
    type,
    options,
  });
  const project = (attributes: object, metadata: object, more: object = {}) => ({
    project: {},
    config: {},
    attribute: attributes,
    file: { 1: { fid: 1, fname: 'a.mp4', type: 4, loc: 1, src: '' }, 2: { fname: 'b.mp4', type: 4, src: '' } },
    view: { 10: { fid_list: [1] }, 11: { fid_list: ['2'] } },
    metadata,
    ...more,
  });
  const segment = (vid: string, z: number[], av: object, xy: number[] = []) => ({ vid, z, xy, av, flg: 0 });

  it('several views; values by key, several of a checkbox, or as text', () => {
    const list = { 1: attribute('act', 'Z2_XY0', 2, { a: 'run', b: 'hop, high' }) };
    const found = read(project(list, { x: segment('10', [1, 2], { 1: 'a,b' }), y: segment('11', [0, 4], { 1: 'a' }) }));
    assert.deepEqual(byId(found), {
      a: [
        ['hop, high', 1, 2],
        ['run', 1, 2],
      ],
      b: [['run', 0, 4]],
    });
    const text = read(project({ 1: attribute('act', 'Z2_XY0', 1) }, { x: segment('10', [1, 2], { 1: 'free, text' }) }));
    assert.deepEqual(byId(text), { a: [['free, text', 1, 2]], b: [] });
  });

  it('moments by attributes of moments; of several attributes one, which is said', () => {
    const both = {
      1: attribute('remark', 'Z2_XY0', 1),
      2: attribute('act', 'Z2_XY0', 4, { 0: 'run' }),
      3: attribute('who', 'Z2_XY0', 4, { 0: 'Ann' }),
      4: attribute('moment', 'Z1_XY0', 1),
    };
    const found = read(
      project(both, { x: segment('10', [1, 2], { 1: 'hm', 2: '0', 3: '0' }), y: segment('10', [3], { 4: 'peck' }) }),
    );
    assert.deepEqual(byId(found)['a'], [
      ['run', 1, 2],
      ['peck', 3, 3],
    ]);
    assert.match(found.warnings[0]!, /labels are the values of "act", not of "who"/);
  });

  it('pictures, regions and segments without a value are left out', () => {
    const list = { 1: attribute('act', 'Z2_XY0', 4, { 0: 'run' }) };
    const metadata = {
      x: segment('10', [1, 2], {}),
      y: segment('10', [1], { 1: '0' }, [2, 1, 1, 1, 1]),
      z: segment('11', [1, 2], { 1: '0' }),
    };
    const files = { 1: { fname: 'a.mp4', type: 4 }, 2: { fname: 'b.jpg', type: 2 } };
    const found = read(project(list, metadata, { file: files }));
    assert.deepEqual(byId(found), { a: [] });
    assert.deepEqual(found.kinds, ['files that are no videos', 'segments without a label']);
  });

  it('refused: a view of a file that is not there', () => {
    assert.throws(() => read(project({}, {}, { view: { 10: { fid_list: [9] } } })), /view\.10: there is no file 9/);
  });
});

describe('Label Studio', () => {
  const result = (start: number, end: number, ...labels: string[]) => ({
    type: 'timelinelabels',
    value: { ranges: [{ start, end }], timelinelabels: labels },
  });
  const task = (video: string, results: object[] = [], more: object = {}) => ({
    data: { video },
    annotations: [{ was_cancelled: false, result: results }],
    ...more,
  });

  it('frames from 1, both included; a range of one frame is a moment', () => {
    const found = read([task('a.mp4', [result(1, 25, 'run', 'hop'), result(26, 26, 'peck')])]);
    assert.deepEqual(byId(found), {
      a: [
        ['hop', 0, 1],
        ['run', 0, 1],
        ['peck', 1, 1],
      ],
    });
  });

  it('names: uploads, files on the server, addresses, as the folder of videos has them', () => {
    const videos = temporaryFolder();
    for (const name of ['cage A (1).mp4', 'b c.mov', 'd.mp4', 'deadbeef-e.mp4'])
      writeFileSync(path.join(videos, name), '');
    const idOf = (video: string, more: object = {}) => read([task(video, [], more)], videos).videos[0]!.id;
    assert.equal(idOf('/data/upload/3/0f3c2d1a-cage_A_1.mp4', { file_upload: '0f3c2d1a-cage_A_1.mp4' }), 'cage A (1)');
    assert.equal(idOf('/data/local-files/?d=x%2Fb%20c.mov'), 'b c');
    assert.equal(idOf('https://h/x/d.mp4?token=a/b.mp4'), 'd');
    assert.equal(idOf('s3://bucket/x/deadbeef-e.mp4'), 'deadbeef-e');
  });

  it('what nobody has finished is left out; of several annotations the ground truth counts', () => {
    const open = { data: { video: 'a.mp4' }, annotations: [], predictions: [{ result: [result(1, 9, 'no')] }] };
    const cancelled = {
      data: { video: 'b.mp4' },
      annotations: [{ was_cancelled: true, result: [result(1, 9, 'no')] }],
    };
    const two = {
      data: { video: 'c.mp4' },
      annotations: [{ result: [] }, { ground_truth: true, result: [result(1, 25, 'run')] }],
    };
    const found = read([open, cancelled, two, task('d.mp4')]);
    assert.deepEqual(byId(found), { c: [['run', 0, 1]], d: [] });
    assert.deepEqual(found.kinds, ['tasks with several annotations', 'tasks without an annotation']);
  });

  it('one task alone, old exports with completions, and JSON-MIN', () => {
    assert.deepEqual(byId(read(task('a.mp4', [result(1, 25, 'run')]))), { a: [['run', 0, 1]] });
    const old = { data: { video: 'a.mp4' }, completions: [{ result: [result(1, 25, 'run')] }] };
    assert.deepEqual(byId(read([old])), { a: [['run', 0, 1]] });
    const min = {
      video: 'a.mp4',
      id: 1,
      annotation_id: 3,
      t: [{ ranges: [{ start: 1, end: 25 }], timelinelabels: ['run'] }],
    };
    assert.deepEqual(byId(read([min])), { a: [['run', 0, 1]] });
  });

  it('refused: ranges that are none, data without a video', () => {
    assert.throws(() => read([task('a.mp4', [result(-1, 5, 'run')])]), /x\.json:1: /);
    assert.throws(() => read([{ data: { n: 1 }, annotations: [{ result: [] }] }]), /name no video/);
  });
});

describe('detections and datasets', () => {
  it('all detections where none is chosen, which is said', () => {
    const found = read({ results: { a: [{ segment: [1, 2], score: 0.5, label: 'run' }], b: [] } });
    assert.deepEqual(byId(found), { a: [['run', 1, 2]], b: [] });
    assert.deepEqual(found.kinds, ['detections that were not chosen']);
  });

  it('a dataset keeps its stretches and subsets; ActivityNet finds files that begin with v_', () => {
    const videos = temporaryFolder();
    writeFileSync(path.join(videos, 'v_abc.mp4'), '');
    const annotations = [{ segment: [1, 2], label: 'run' }];
    const found = read({ database: { abc: { subset: 'validation', annotations, unlabelled: [[5, 9]] } } }, videos);
    assert.deepEqual(found.videos, [
      { id: 'v_abc', subset: 'validation', instances: [['run', 1, 2]], unlabelled: [[5, 9]] },
    ]);
  });
});
