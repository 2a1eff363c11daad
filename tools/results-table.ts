/**
 * Makes the tables of `docs/results.md` from `docs/results.json` and `docs/clip-results.json`.
 *
 *   npx tsx tools/results-table.ts            writes the page
 *   npx tsx tools/results-table.ts --check    fails when the page is not what results.json gives
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../src/system/files.js';
import { readClipResults, readResults } from './results/entry.js';
import { resultsMarkdown } from './results/markdown.js';

const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
const docs = path.resolve(import.meta.dirname, '..', 'docs');
const page = path.join(docs, 'results.md');
const wanted = resultsMarkdown(
  readResults(path.join(docs, 'results.json')),
  readClipResults(path.join(docs, 'clip-results.json')),
);

if (!check) {
  writeFileAtomic(page, wanted);
} else if (!existsSync(page) || readFileSync(page, 'utf8') !== wanted) {
  process.stderr.write(
    'docs/results.md is not what docs/results.json and docs/clip-results.json give: run npx tsx tools/results-table.ts\n',
  );
  process.exitCode = 1;
}
