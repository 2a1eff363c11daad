import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { writeFileAtomic } from '../../src/system/files.js';
import { readClipResults, readResults, type ClipEntry, type ResultEntry } from './entry.js';
import { resultsMarkdown } from './markdown.js';

const docs = path.resolve(import.meta.dirname, '..', '..', 'docs');
const file = path.join(docs, 'results.json');
const clipFile = path.join(docs, 'clip-results.json');

/** Enters a result into `docs/results.json`, or into `docs/clip-results.json`, and makes `docs/results.md` anew. An older one of the same experiment, data and seed goes. */
export async function record(entry: ResultEntry | ClipEntry): Promise<void> {
  const results = readResults(file);
  const clips = readClipResults(clipFile);
  if ('top1' in entry) await save(clipFile, replaced(clips, entry));
  else await save(file, replaced(results, entry));
  writeFileAtomic(path.join(docs, 'results.md'), resultsMarkdown(results, clips));
}

/** In the place of its like, or at the end; in place. */
function replaced<T extends ResultEntry | ClipEntry>(entries: T[], entry: T): T[] {
  const { experiment, dataset, seed } = entry;
  const at = entries.findIndex((e) => e.experiment === experiment && e.dataset === dataset && e.seed === seed);
  entries.splice(at < 0 ? entries.length : at, at < 0 ? 0 : 1, entry);
  return entries;
}

async function save<T>(file: string, entries: readonly T[]): Promise<void> {
  const style = { ...(await resolveConfig(file)), parser: 'json' };
  writeFileAtomic(file, await format(JSON.stringify(entries, null, 2), style));
}
