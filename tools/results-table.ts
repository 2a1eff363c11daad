/**
 * Makes `docs/results.md` and its picture: the text of `docs/results-opening.md`, followed by tables of
 * `docs/results.json` and `docs/clip-results.json`.
 *
 *   npx tsx tools/results-table.ts            writes the page
 *   npx tsx tools/results-table.ts --check    fails if the page is not up to date
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { files, resultsPage, writeResultsPage } from './results/page.js';

const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;

if (!check) {
  await writeResultsPage();
} else if (!existsSync(files.page) || readFileSync(files.page, 'utf8') !== resultsPage()) {
  process.stderr.write('docs/results.md is not up to date: run npx tsx tools/results-table.ts\n');
  process.exitCode = 1;
}
