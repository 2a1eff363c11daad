import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { analyse } from '../../src/evaluation/analysis/analyse.js';
import { outcomes } from '../../src/evaluation/analysis/analysis-types.js';
import { readDetections, readGroundTruth } from '../../src/evaluation/result-files.js';
import { writeReport } from '../../src/report/write-report.js';
import { noBrowser, startBrowser } from '../support/browser.js';
import { palette } from '../../src/report/charts/charts.js';
import { hostile, writeFakeRun, writeFilm } from '../support/fake-run.js';
import { Picture } from '../support/picture.js';

/** The exact values of cells. */
function numbers(cells: Locator): Promise<number[]> {
  return cells.evaluateAll((list) =>
    list.map((cell) => Number((cell as unknown as { dataset: { value: string } }).dataset.value)),
  );
}

describe('the report in a browser', { skip: noBrowser }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-page-'));
  const runs = [path.join(folder, 'lofi'), path.join(folder, '<b>baseline')];
  const trouble: string[] = [];
  let browser: Browser;
  let page: Page;

  before(async () => {
    writeFakeRun(runs[0]!, { seed: 1, noise: 0.5 });
    writeFakeRun(runs[1]!, { seed: 2, noise: 1.2 });
    for (const id of ['video_001', 'video_002']) await writeFilm(runs[0]!, id);
    const file = await writeReport(runs);
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.on('console', (message) => trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) trouble.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
  });
  after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows the numbers of metrics.json', async () => {
    for (const [index, run] of runs.entries()) {
      const metrics = JSON.parse(readFileSync(path.join(run, 'metrics.json'), 'utf8')) as {
        mAP: number[];
        average_mAP: number;
      };
      const cells = page.locator('#map tbody tr').nth(index).locator('td.number');
      const values = [...metrics.mAP, metrics.average_mAP];
      assert.deepEqual(
        (await cells.allTextContents()).map((text) => text.trim()),
        values.map((value) => (100 * value).toFixed(2)),
      );
      for (const [i, value] of values.entries()) {
        assert.equal(Number(await cells.nth(i).getAttribute('data-value')), value);
      }
    }
  });

  it('says what was run', async () => {
    const rows = page.locator('#runs tbody tr');
    const cells = async (row: number) =>
      (await rows.nth(row).locator('td').allTextContents()).map((text) => text.trim().replace(/\s+/g, ' '));
    const [data, ...rest] = (await cells(0)).reverse();
    assert.deepEqual(rest.reverse(), ['lofi', 'tsm-resnet18', 'gtad', '1']);
    assert.match(data!, /^training: 4 videos, \d+ instances; validation: 12 videos, \d+ instances; 6 classes$/);
    const [run, stage, engine, begun, best, steps, leftOut, time, memory] = await cells(2);
    assert.deepEqual(
      [run, stage, engine, begun, best, steps, leftOut],
      ['lofi', 'pretrain', 'tensorflow 2.21.0', '2020-01-01 00:00', 'top1 0.9375 at step 300', '300', '4'],
    );
    assert.match(time!, /^4\.\d min$/);
    assert.match(memory!, /^0\.\d\d GiB$/);
    assert.match((await cells(3))[1]!, /^joint \(unfinished\)$/);
  });

  it('counts as evaluate does', async () => {
    const metrics = JSON.parse(readFileSync(path.join(runs[0]!, 'metrics.json'), 'utf8')) as {
      counts: Record<string, number>;
      per_class: Record<string, number[]>;
    };
    const counts = page.locator('#counts tbody tr');
    const keys = (await counts.locator('th').allTextContents()).map((text) => text.trim().replaceAll(' ', '_'));
    const values = await numbers(counts.locator('td:nth-child(2)'));
    assert.deepEqual(Object.fromEntries(keys.map((key, i) => [key, values[i]])), metrics.counts);
    const perClass = page.locator('#classes tbody tr');
    assert.equal(await perClass.count(), Object.keys(metrics.per_class).length);
    for (const row of await perClass.all()) {
      const ap = metrics.per_class[(await row.locator('th').textContent())!.trim()]!;
      const shown = await numbers(row.locator('td'));
      assert.deepEqual(shown.slice(0, 3), [ap[0], ap[5], ap[9]]);
      assert.ok(Math.abs(shown[3]! - ap.reduce((a, b) => a + b) / ap.length) < 1e-12);
    }
  });

  it('shows the errors that analyze counts', async () => {
    const truth = readGroundTruth(path.join(runs[0]!, 'dataset.json'));
    const detections = readDetections(path.join(runs[0]!, 'detections.json'));
    const analysis = analyse(truth, detections, { subset: 'validation' });
    const rows = page.locator('#outcomes tbody tr');
    assert.equal(await rows.count(), 2 * analysis.tiou.length);
    for (const [t, counts] of analysis.false_positives.by_tiou.entries()) {
      assert.deepEqual(await numbers(rows.nth(t).locator('td[data-value]')), [
        ...outcomes.map((outcome) => counts[outcome]),
        analysis.counts.detections_considered,
      ]);
    }
    const titles = await page.locator('#errors figcaption').allTextContents();
    assert.equal(titles.length, 2 + 1 + 6);
    assert.equal(titles[1], '<b>baseline: what the best detections are');
  });

  it('shows what classify counts, a cell for each pair of classes', async () => {
    const kept = JSON.parse(readFileSync(path.join(runs[0]!, 'classification.json'), 'utf8')) as {
      classes: string[];
      confusion: number[][];
      video: { hit1: number };
    };
    const matrix = page.locator('#classification table.confusion').first();
    assert.deepEqual(await numbers(matrix.locator('tbody td')), kept.confusion.flat());
    const heads = (await matrix.locator('tbody th').allTextContents()).map((text) => text.trim());
    assert.deepEqual(heads, kept.classes);
    assert.deepEqual(
      (await matrix.locator('thead th').allTextContents()).map((text) => text.trim()),
      kept.classes,
    );
    const rates = page.locator('#classification tbody').first().locator('tr').first();
    assert.equal((await numbers(rates.locator('td[data-value]')))[2], kept.video.hit1);
    assert.equal(await page.locator('#classification table.confusion').count(), 2);
    assert.equal(await page.locator('nav a[href="#classification"]').count(), 1);
  });

  it('draws precision against recall', async () => {
    const titles = await page.locator('#map figcaption').allTextContents();
    assert.deepEqual(titles, [
      'mAP against tIoU',
      'Precision against recall at tIoU 0.5',
      'Precision against recall at tIoU 0.75',
    ]);
  });

  it('draws the curves of every stage', async () => {
    const titles = await page.locator('#training figcaption').allTextContents();
    for (const title of [
      'pretrain: loss',
      'pretrain: validation',
      'joint: fidelity (snippets × side)',
      'joint: memory',
    ]) {
      assert.ok(titles.includes(title), title);
    }
    assert.equal(await page.locator('#training figure.chart svg').count(), titles.length);
  });

  it('shows fewer detections as the slider rises', async () => {
    const bars = page.locator('#tracks .bar.detection');
    const slider = page.locator('#score');
    await slider.fill('0');
    const all = await bars.count();
    await slider.fill('0.4');
    const some = await bars.count();
    assert.ok(all > 60 && some < all / 2 && some > 0, `${all}, ${some}`);
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    assert.ok((await bars.count()) <= some);
    await page.keyboard.press('Home');
    assert.equal(await bars.count(), all, 'the keyboard moves the slider');
  });

  it('goes from video to video, by picker, button and search', async () => {
    const picker = page.locator('#video');
    const chosen = () => picker.locator('option:checked').textContent();
    await picker.selectOption({ label: 'video_002' });
    const before = await page.locator('#summary').textContent();
    await page.locator('#next').click();
    assert.equal(await chosen(), 'video_003');
    assert.notEqual(await page.locator('#summary').textContent(), before);
    await page.locator('#find').fill('_01');
    assert.equal(await chosen(), 'video_010');
    assert.equal(await picker.locator('option').count(), 5);
    await page.locator('#find').fill('no such video');
    assert.match((await page.locator('#summary').textContent())!, /No video matches/);
    await page.locator('#find').fill('');
    assert.equal(await picker.locator('option').count(), 12);
  });

  it('places truth where it happened', async () => {
    const dataset = JSON.parse(readFileSync(path.join(runs[0]!, 'dataset.json'), 'utf8')) as {
      database: Record<string, { duration: number; annotations: { segment: [number, number] }[] }>;
    };
    await page.locator('#video').selectOption({ label: 'video_005' });
    const { duration, annotations } = dataset.database.video_005!;
    const shown = await page
      .locator('#tracks .bar.truth')
      .evaluateAll((bars) =>
        bars.map((bar) => Number.parseFloat((bar as unknown as { style: { left: string } }).style.left)),
      );
    const expected = annotations.map(({ segment }) => (100 * segment[0]) / duration);
    assert.deepEqual(shown.map((x) => x.toFixed(1)).sort(), expected.map((x) => x.toFixed(1)).sort());
  });

  it('keeps hostile labels and names text', async () => {
    await page.locator('#score').fill('0');
    const names = await page.locator('#tracks .name').allTextContents();
    assert.ok(names.includes(hostile), names.join());
    assert.match((await page.locator('#runs').textContent())!, /<b>baseline/);
    assert.equal(await page.locator('body img:not(#tracks img)').count(), 0);
    assert.equal(await page.evaluate('window.hacked'), undefined);
  });

  it('plays a video from where it is clicked', async () => {
    await page.locator('#score').fill('0.4');
    await page.locator('#video').selectOption({ label: 'video_001' });
    const film = () =>
      page.evaluate<{ time: number; paused: boolean }>(`(async () => {
        const film = document.getElementById('film');
        while (film.readyState < 2 || film.seeking) await new Promise((done) => setTimeout(done, 20));
        return { time: film.currentTime, paused: film.paused };
      })()`);
    const track = page.locator('#tracks .axis');
    const { width } = (await track.boundingBox())!;
    await track.click({ position: { x: 0.75 * width, y: 10 } });
    const there = await film();
    assert.ok(there.time >= 44.5 && there.time < 50 && !there.paused, JSON.stringify(there));
    const [red, , blue] = (await Picture.decode(browser, await page.locator('#film').screenshot())).at(0.5, 0.3);
    assert.ok(blue > 150 && red < 100, 'the second half is blue');
    await page.waitForSelector('#tracks.playing');
    const now = await page.evaluate<string>('document.getElementById("tracks").style.getPropertyValue("--now")');
    assert.ok(Math.abs(Number.parseFloat(now) - 75) < 8, now);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#player').isVisible(), false);

    const bar = page.locator('#tracks .bar.truth').first();
    const start = Number(await bar.getAttribute('data-start'));
    await bar.click();
    assert.ok(Math.abs((await film()).time - start) < 3);
    await page.locator('#next').click();
    assert.equal(await page.locator('#player').isVisible(), false, 'another video ends it');
  });

  it('says so where a video is not there', async () => {
    await page.locator('#video').selectOption({ label: 'video_003' });
    await page.locator('#tracks .axis').click();
    // A selector is used, because the page's policy allows no string to be evaluated except in the
    // first look of `waitForFunction`.
    await page.locator('#player-note:not(:empty)').waitFor({ state: 'attached' });
    assert.match((await page.locator('#player-note').textContent())!, /\.\.\/videos\/video_003\.mp4 .* is not there/);
    assert.equal(await page.locator('#player').isVisible(), false);
    // The only error that is expected.
    assert.match(trouble.splice(0).join(), /^Failed to load resource: net::ERR_FILE_NOT_FOUND$/);
  });

  it('is used by the keyboard alone', async () => {
    await page.locator('#score').fill('0');
    await page.locator('#video').selectOption({ label: 'video_001' });
    await page.locator('#score').focus();
    await page.keyboard.press('Tab');
    const focused = () =>
      page.evaluate<{ name: string; start: number; outline: string; lane: number }>(`(() => {
        const bar = document.activeElement;
        const lane = [...document.querySelectorAll('#tracks .track')].indexOf(bar.parentElement);
        const outline = getComputedStyle(bar).outlineStyle;
        return { name: bar.getAttribute('aria-label'), start: Number(bar.dataset.start), outline, lane };
      })()`);
    const first = await focused();
    assert.match(first.name, /, truth, 0:\d\d\.\d\d to 0:\d\d\.\d\d$/);
    assert.equal(first.outline, 'solid');
    await page.keyboard.press('ArrowDown');
    const below = await focused();
    assert.match(below.name, /, lofi, score 0\.\d+, /);
    assert.equal(below.lane, first.lane + 1);
    await page.keyboard.press('Home');
    const begin = await focused();
    await page.keyboard.press('ArrowRight');
    const right = await focused();
    assert.ok(right.start >= begin.start && right.lane === begin.lane && right.name !== begin.name);
    await page.keyboard.press('ArrowLeft');
    assert.deepEqual(await focused(), begin);
    await page.keyboard.press('ArrowUp');
    assert.equal((await focused()).lane, first.lane);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#tracks.playing');
    const time = await page.evaluate<number>('document.getElementById("film").currentTime');
    assert.ok(Math.abs(time - (await focused()).start) < 3);
    await page.keyboard.press('Escape');
  });

  it('names every control for screen readers', async () => {
    const nameless =
      await page.evaluate(`[...document.querySelectorAll('button, input, select, video, img, [role=img]')]
      .filter((node) => !(node.labels?.length || node.getAttribute('aria-label')))
      .filter((node) => !(node.alt || node.textContent.trim()))
      .map((node) => node.outerHTML)`);
    assert.deepEqual(nameless, []);
  });

  it('looks as it should: colours of the runs, truth in its place, pictures of the video', async () => {
    const take = async (selector: string) =>
      Picture.decode(browser, await page.locator(selector).first().screenshot({ animations: 'disabled' }));
    const chart = await take('#map figure.chart');
    assert.ok(chart.count(palette[0]!) > 150 && chart.count(palette[1]!) > 150, 'two curves');
    await page.locator('#video').selectOption({ label: 'video_002' });
    const strip = await take('#tracks .strip img');
    const [left, right] = [strip.at(0.25, 0.5), strip.at(0.75, 0.5)];
    assert.ok(left[0] > 150 && left[2] < 100 && right[2] > 150 && right[0] < 100, `${left.join()} ${right.join()}`);
    await page.locator('#score').fill('1');
    const truth = page.locator('#tracks .bar.truth').first();
    const box = (await truth.boundingBox())!;
    const track = page.locator('#tracks .track:has(.truth)').first();
    const around = (await track.boundingBox())!;
    const lane = await Picture.decode(browser, await track.screenshot());
    const at = (x: number) => lane.at((x - around.x) / around.width, 0.5);
    const inside = at(box.x + box.width / 2);
    assert.notDeepEqual(inside, at(box.x - 6));
    assert.notDeepEqual(inside, at(box.x + box.width + 6));
  });

  it('prints black on white, without what only a screen can use', async () => {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
    assert.equal(await page.locator('.controls').isVisible(), false);
    assert.ok((await page.pdf()).length > 50_000);
    await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
  });

  it('is readable in the dark and asks nothing of the network or the console', async () => {
    const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await paper();
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.notEqual(await paper(), light);
    const ink = await page.evaluate('getComputedStyle(document.querySelector("figure.chart svg text")).fill');
    assert.equal(ink, await page.evaluate('getComputedStyle(document.body).color'));
    assert.deepEqual(trouble, []);
  });
});

describe('the report of 5,000 videos', { skip: noBrowser }, () => {
  it('is there within 3 s, and goes from video to video at once', async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-large-page-'));
    t.after(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    // Three in four are validation videos, and each has about 32 detections.
    writeFakeRun(folder, { seed: 1, noise: 0.5, videos: 6667 });
    const file = await writeReport([folder]);
    const browser = await startBrowser();
    t.after(() => browser.close());
    const page = await browser.newPage();
    const began = performance.now();
    await page.goto(pathToFileURL(file).href);
    assert.match((await page.locator('#summary').textContent())!, /\d detections shown/);
    const loaded = performance.now() - began;
    assert.equal(await page.locator('#video option').count(), 5000);
    const drawn = await page.evaluate<number>(`(() => {
      const began = performance.now();
      document.getElementById('next').click();
      document.body.getBoundingClientRect();
      return performance.now() - began;
    })()`);
    assert.ok(drawn > 0);
    t.diagnostic(`loaded in ${loaded.toFixed(0)} ms, the next video drawn in ${drawn.toFixed(0)} ms`);
  });
});
