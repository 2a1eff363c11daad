import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { writeReport } from '../../src/report/write-report.js';
import { noBrowser, startBrowser } from './browser.js';
import { hostile, writeFakeRun } from './fake-run.js';

describe('the report in a browser', { skip: noBrowser }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-page-'));
  const runs = [path.join(folder, 'lofi'), path.join(folder, '<b>baseline')];
  const trouble: string[] = [];
  let browser: Browser;
  let page: Page;

  before(async () => {
    writeFakeRun(runs[0]!, { seed: 1, noise: 0.5 });
    writeFakeRun(runs[1]!, { seed: 2, noise: 1.2 });
    const file = await writeReport(runs);
    browser = await startBrowser();
    page = await browser.newPage();
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
    const cells = await page.locator('#runs tbody tr').first().locator('td').allTextContents();
    assert.deepEqual(
      cells.map((text) => text.trim()),
      ['lofi', 'tsm-resnet18', 'gtad', '1', 'pretrain, joint', cells[5]!.trim()],
    );
    assert.match(cells[5]!, /^training: 4 videos, \d+ instances; validation: 12 videos, \d+ instances; 6 classes$/);
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
    assert.equal(await page.locator('figure.chart svg').count(), titles.length + 2);
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
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.evaluate('window.hacked'), undefined);
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
