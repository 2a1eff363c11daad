/**
 * Makes the tables of `docs/results.md` from `docs/results.json` and `docs/clip-results.json`, below `docs/results-opening.md`, and their picture.
 *
 *   npx tsx tools/results-table.ts            writes the page
 *   npx tsx tools/results-table.ts --check    fails when the page is not what they give
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { files, resultsPage, writeResultsPage } from './results/page.js';

const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;

if (!check) {
  await writeResultsPage();
} else if (!existsSync(files.page) || readFileSync(files.page, 'utf8') !== resultsPage()) {
  process.stderr.write('docs/results.md is not what the files in docs give: run npx tsx tools/results-table.ts\n');
  process.exitCode = 1;
}
