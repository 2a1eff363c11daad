import { readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../../src/system/files.js';
import { readClipResults, readResults } from './entry.js';
import { resultsMarkdown } from './markdown.js';
import { resultsPlot } from './plot.js';

const docs = path.resolve(import.meta.dirname, '..', '..', 'docs');

/** Where the results are kept, those of stage 1, and the page of both. */
export const files = {
  results: path.join(docs, 'results.json'),
  clips: path.join(docs, 'clip-results.json'),
  page: path.join(docs, 'results.md'),
};

/** The page that the files in `docs` give: what is written by hand first. */
export function resultsPage(): string {
  const opening = readFileSync(path.join(docs, 'results-opening.md'), 'utf8');
  return resultsMarkdown(readResults(files.results), readClipResults(files.clips), opening);
}

/** Writes the page and its picture anew. */
export async function writeResultsPage(): Promise<void> {
  writeFileAtomic(path.join(docs, 'images', 'results.svg'), await resultsPlot(readResults(files.results)));
  writeFileAtomic(files.page, resultsPage());
}
