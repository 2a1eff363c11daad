import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { ColumnsBuilder } from '../../src/evaluation/columns.js';
import { presets } from '../../src/evaluation/tiou.js';
import { thin } from '../../src/report/charts/charts.js';
import { html, scriptJson } from '../../src/report/html.js';
import { reportRun } from '../../src/report/run/reported-run.js';
import { readRunFolder } from '../../src/report/run/run-folder.js';
import { runsTable } from '../../src/report/tables/metrics-table.js';
import { makeTimeline } from '../../src/report/timeline/timeline.js';
import { stagesOf, trainingCharts } from '../../src/report/charts/training-charts.js';
import { writeReport } from '../../src/report/write-report.js';
import { UsageError } from '../../src/system/errors.js';
import { writeFakeRun } from '../support/fake-run.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-report-'));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('html', () => {
  it('escapes every value but markup', () => {
    assert.equal(
      html`<b title="${'"\'<&>'}">${html`<i></i>`}</b>`.markup,
      '<b title="&quot;&#39;&lt;&amp;&gt;"><i></i></b>',
    );
  });

  it('writes JSON that cannot close its script element', () => {
    const value = { a: '</script><!--' };
    const { markup } = scriptJson(value);
    assert.ok(!markup.includes('<'));
    assert.deepEqual(JSON.parse(markup), value);
  });
});

describe('readRunFolder', () => {
  it('drops what cannot be read of a log that was cut off', () => {
    const run = path.join(folder, 'cut');
    writeFakeRun(run, { seed: 1, noise: 1 });
    writeFileSync(path.join(run, 'metrics.jsonl'), '{"stage":"joint","step":1}\n\nnull\n{"step":2}\n{"stage":"jo');
    assert.deepEqual(readRunFolder(run).log, [{ stage: 'joint', step: 1 }]);
  });

  it('refuses what is no run folder, and broken files, by name', () => {
    assert.throws(
      () => readRunFolder(path.join(folder, 'none')),
      (e) => e instanceof UsageError && /config\.yaml/.test(e.message),
    );
    const run = path.join(folder, 'broken');
    writeFakeRun(run, { seed: 1, noise: 1 });
    writeFileSync(path.join(run, 'metrics.json'), '{"mAP": 1}');
    assert.throws(
      () => readRunFolder(run),
      (e) => e instanceof UsageError && /metrics\.json/.test(e.message),
    );
  });
});

describe('trainingCharts', () => {
  it('leaves out what was not logged', () => {
    const run = {
      name: 'a',
      log: [
        { stage: 'head', step: 1, loss: 2 },
        { stage: 'head', step: 2 },
      ],
    };
    assert.deepEqual(stagesOf([run]), ['head']);
    const charts = trainingCharts([run], 'head');
    assert.deepEqual(
      charts.map((chart) => chart.title),
      ['head: loss'],
    );
    assert.deepEqual(charts[0]!.points, [{ x: 1, y: 2, series: 'a' }]);
  });
});

describe('thin', () => {
  it('takes means of neighbours, series by series', () => {
    const points = Array.from({ length: 1000 }, (_, i) => ({ x: i, y: 2 * i, series: i % 2 ? 'odd' : 'even' }));
    const thinned = thin(points, 100);
    assert.equal(thinned.length, 200);
    assert.deepEqual(thinned[0], { x: 4, y: 8, series: 'even' });
    assert.deepEqual(thin(points.slice(0, 4), 100).length, 4);
  });
});

describe('makeTimeline', () => {
  it('shows the evaluated subset, the slider where detections are as many as instances', () => {
    const run = path.join(folder, 'lofi');
    writeFakeRun(run, { seed: 1, noise: 0.5 });
    const timeline = makeTimeline([reportRun(run)], path.join(run, 'report'));
    assert.equal(timeline.videos.length, 12);
    assert.ok(timeline.videos.every(({ id }) => Number(id.slice(-3)) % 4 !== 0));
    const instances = timeline.videos.reduce((sum, video) => sum + video.truth.length / 3, 0);
    const scores = timeline.videos.flatMap((video) => video.detections[0]!.filter((_, i) => i % 4 === 2));
    assert.equal(scores.filter((score) => score >= timeline.threshold).length, instances);
    assert.equal(timeline.maxScore, Math.max(...scores));
    assert.equal(timeline.most, null);
  });

  it('gives files as URLs from the page', () => {
    const run = path.join(folder, 'moved', 'lofi');
    writeFakeRun(run, { seed: 1, noise: 0.5 });
    const [first, second] = makeTimeline([reportRun(run)], path.join(folder, 'report')).videos;
    assert.equal(first!.file, '../moved/lofi/videos/%231%20%2541%3F%3Cb%3E.mp4');
    assert.equal(second!.file, '../moved/lofi/videos/video_002.mp4');
  });

  it('keeps the best detections where there are too many for a page', () => {
    const run = path.join(folder, 'many');
    writeFakeRun(run, { seed: 1, noise: 0.5, videos: 4 });
    const columns = new ColumnsBuilder();
    for (const id of ['video_001', 'video_002', 'video_003']) {
      columns.video(id);
      for (let i = 0; i < 1500; i++) columns.add(i, i + 1, i / 1500, 'shake');
      columns.add(5, 4, 2, 'shake');
      columns.add(Number.NaN, 4, 2, 'shake');
    }
    const { most, maxScore, videos } = makeTimeline([{ ...reportRun(run), detections: columns.finish() }], folder);
    assert.equal(most, 1000);
    assert.equal(maxScore, 0.9993);
    const flat = videos[0]!.detections[0]!;
    assert.equal(flat.length, 4000);
    assert.deepEqual(flat.slice(0, 3), [1499, 1500, 0.9993]);
    assert.deepEqual(flat.slice(-4, -1), [500, 501, 0.3333]);
  });
});

describe('reportRun', () => {
  it('judges the detections that are there, and says where metrics.json tells of others', () => {
    const run = path.join(folder, 'stale');
    writeFakeRun(run, { seed: 1, noise: 0.5 });
    const before = reportRun(run);
    assert.equal(before.stale, false);
    assert.deepEqual(before.metrics, JSON.parse(readFileSync(path.join(run, 'metrics.json'), 'utf8')));
    const other = path.join(folder, 'other');
    writeFakeRun(other, { seed: 2, noise: 1.5 });
    copyFileSync(path.join(other, 'detections.json'), path.join(run, 'detections.json'));
    const after = reportRun(run);
    assert.equal(after.stale, true);
    assert.deepEqual(after.metrics, reportRun(other).metrics);
  });

  it('takes the thresholds of the benchmark that the configuration names', () => {
    const run = path.join(folder, 'thumos');
    writeFakeRun(run, { seed: 1, noise: 0.5 });
    rmSync(path.join(run, 'metrics.json'));
    const config = 'data: { validateOn: validation }\nevaluation: { preset: thumos14 }\n';
    writeFileSync(path.join(run, 'config.yaml'), config);
    const { metrics, analysis, curves } = reportRun(run);
    assert.deepEqual(metrics!.tiou, presets.thumos14.tiou);
    assert.deepEqual(analysis!.tiou, [0.5]);
    assert.deepEqual(
      curves.map(({ tiou }) => tiou),
      [0.5],
    );
  });

  it('shows metrics.json where there are no detections', () => {
    const run = path.join(folder, 'bare');
    writeFakeRun(run, { seed: 1, noise: 0.5 });
    const { metrics } = reportRun(run);
    rmSync(path.join(run, 'detections.json'));
    const bare = reportRun(run);
    assert.deepEqual(bare.metrics, metrics);
    assert.equal(bare.analysis, undefined);
  });
});

describe('runsTable', () => {
  it('has a row a run, percent at the thresholds papers quote', () => {
    const table = runsTable([
      { name: 'demo\u001b[31m', metrics: { tiou: [0.5, 0.75], mAP: [0.5, 0.25], average_mAP: 0.375 } },
    ]);
    assert.match(table, /mAP@0\.5 .*mAP@0\.75 .*mAP@0\.95 .*average/);
    assert.match(table, /demo\?\[31m .* 50\.00 .* 25\.00 .* – .* 37\.50/);
  });
});

describe('writeReport', () => {
  it('writes a page for a run that has only just begun', async () => {
    const run = path.join(folder, 'begun');
    mkdirSync(run);
    writeFileSync(path.join(run, 'config.yaml'), 'seed: 3\n');
    const file = await writeReport([run]);
    assert.equal(file, path.join(run, 'report', 'index.html'));
    assert.match(readFileSync(file, 'utf8'), /Not evaluated yet/);
  });

  it('holds no path of the machine and nothing to fetch', async () => {
    const run = path.join(folder, 'whole');
    writeFakeRun(run, { seed: 1, noise: 1 });
    const page = readFileSync(await writeReport([run, run]), 'utf8');
    assert.ok(!page.includes(folder));
    assert.ok(page.includes('whole (2)'));
    assert.doesNotMatch(page, /(?:src|href)="(?!#|data:)/);
  });
});
