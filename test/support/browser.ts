import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Paths at which Linux distributions and CI install Chromium. */
const executablePath = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((file) => file !== undefined && existsSync(file));

/** Why browser tests are skipped, or false. */
export const noBrowser = executablePath === undefined ? 'no Chromium (install it, or set CHROMIUM_PATH)' : false;

export function startBrowser(): Promise<Browser> {
  const quiet = [
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--no-first-run',
  ];
  return chromium.launch({
    executablePath: executablePath!,
    args: ['--headless', '--no-sandbox', '--disable-gpu', ...quiet],
  });
}
