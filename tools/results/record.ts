import { format, resolveConfig } from 'prettier';
import { writeFileAtomic } from '../../src/system/files/files.js';
import { readClipResults, readResults, type ClipEntry, type ResultEntry } from './entry.js';
import { files, writeResultsPage } from './page.js';

/**
 * Enters a result into `docs/results.json` or `docs/clip-results.json` and writes `docs/results.md` anew. An older
 * result of the same experiment, data and seed is replaced.
 */
export async function record(entry: ResultEntry | ClipEntry): Promise<void> {
  if ('top1' in entry) await save(files.clips, replaced(readClipResults(files.clips), entry));
  else await save(files.results, replaced(readResults(files.results), entry));
  await writeResultsPage();
}

/**
 * Puts an entry in the place of the one with the same experiment, data and seed, or at the
 * end. Changes `entries` itself.
 */
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
