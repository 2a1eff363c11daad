/**
 * Takes the screenshots of README.md and docs/report.md, all or those that are named:
 *
 *   npx tsx tools/report-screenshots.ts runs/composed/report/index.html report report-errors
 *   npx tsx tools/report-screenshots.ts runs/demo/report/index.html report-timeline
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { noBrowser, startBrowser } from '../test/support/browser.js';

const [page = 'runs/demo/report/index.html', ...names] = process.argv.slice(2);
const wanted = (name: string) => names.length === 0 || names.includes(name);
const images = path.resolve(import.meta.dirname, '../docs/images');
if (noBrowser !== false) throw new Error(noBrowser);

const browser = await startBrowser();
const tab = await browser.newPage({ viewport: { width: 1180, height: 1250 } });
await tab.goto(pathToFileURL(path.resolve(page)).href);
const to = (name: string) => ({ path: path.join(images, `${name}.png`) });

if (wanted('report')) await tab.screenshot(to('report'));
if (wanted('report-errors')) await tab.locator('#errors').screenshot(to('report-errors'));
if (wanted('report-timeline')) await timeline();
await browser.close();

async function timeline(): Promise<void> {
  await tab.setViewportSize({ width: 1180, height: 760 });
  await tab.emulateMedia({ colorScheme: 'dark' });
  // The first video with a detection at the score with which the slider starts.
  const videos = await tab.locator('#video option').count();
  for (let i = 1; i < videos && (await tab.locator('#tracks .bar.detection').count()) === 0; i++) {
    await tab.locator('#next').click();
  }
  await tab.locator('#tracks .bar.truth').first().click();
  await tab.waitForSelector('#tracks.playing');
  await tab.evaluate('document.getElementById("film").pause(); document.getElementById("timeline").scrollIntoView()');
  await tab.screenshot(to('report-timeline'));
}
