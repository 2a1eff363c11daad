import { readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../../src/system/files/files.js';
import { readClipResults, readResults } from './entry.js';
import { resultsMarkdown } from './markdown.js';
import { resultsPlot } from './plot.js';

const docs = path.resolve(import.meta.dirname, '..', '..', 'docs');

/** The files of the results, of the results of stage 1, and of the page about both. */
export const files = {
  results: path.join(docs, 'results.json'),
  clips: path.join(docs, 'clip-results.json'),
  page: path.join(docs, 'results.md'),
};

/** The page that the files in `docs` give. The text written by hand comes first. */
export function resultsPage(): string {
  const opening = readFileSync(path.join(docs, 'results-opening.md'), 'utf8');
  return resultsMarkdown(readResults(files.results), readClipResults(files.clips), opening);
}

/** Writes the page and its picture anew. */
export async function writeResultsPage(): Promise<void> {
  writeFileAtomic(path.join(docs, 'images', 'results.svg'), await resultsPlot(readResults(files.results)));
  writeFileAtomic(files.page, resultsPage());
}
