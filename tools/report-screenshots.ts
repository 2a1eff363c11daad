/** Takes the screenshots of README.md and docs/report.md: `npx tsx tools/report-screenshots.ts runs/demo/report/index.html`. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { noBrowser, startBrowser } from '../test/report/browser.js';

const [page = 'runs/demo/report/index.html'] = process.argv.slice(2);
const images = path.resolve(import.meta.dirname, '../docs/images');
if (noBrowser !== false) throw new Error(noBrowser);

const browser = await startBrowser();
const tab = await browser.newPage({ viewport: { width: 1180, height: 760 } });
await tab.goto(pathToFileURL(path.resolve(page)).href);
const to = (name: string) => ({ path: path.join(images, `${name}.png`) });

await tab.screenshot(to('report'));
await tab.locator('#errors').screenshot(to('report-errors'));

await tab.emulateMedia({ colorScheme: 'dark' });
// The first video in which something is detected at the score that the slider starts with.
const videos = await tab.locator('#video option').count();
for (let i = 1; i < videos && (await tab.locator('#tracks .bar.detection').count()) === 0; i++) {
  await tab.locator('#next').click();
}
await tab.locator('#tracks .bar.truth').first().click();
await tab.waitForSelector('#tracks.playing');
await tab.evaluate('document.getElementById("film").pause(); document.getElementById("timeline").scrollIntoView()');
await tab.screenshot(to('report-timeline'));
await browser.close();
