import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Chromium where Linux distributions and CI put it. */
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
