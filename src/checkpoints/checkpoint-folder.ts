import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { syncFolder } from '../system/files/files.js';
import { say } from '../system/say.js';

/** The manifest beside a tensor file: `20.safetensors` → `20.json`. It is written last and deleted first. */
export function manifestOf(file: string): string {
  return file.replace(/safetensors$/, 'json');
}

/** The numbers N of the manifests `N.json` of a folder, ascending; none when there is no folder. */
export function manifestNumbers(folder: string): number[] {
  return names(folder)
    .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Deletes a tensor file and its manifest, the manifest first, so that none is ever left without its tensors. */
export function removeWithManifest(file: string): void {
  rmSync(manifestOf(file), { force: true });
  rmSync(file, { force: true });
}

/** Removes what a killed process left behind: temporary files and tensor files without a manifest. */
export function sweep(folder: string): void {
  const all = names(folder);
  for (const name of all) {
    const orphan = name.endsWith('.safetensors') && !all.includes(manifestOf(name));
    if (orphan || (name.startsWith('.') && name.endsWith('.tmp'))) rmSync(path.join(folder, name), { force: true });
  }
  syncFolder(folder);
}

/** Reports a damaged file on stderr, in the form that the command line promises. */
export function nameDamaged(file: string): void {
  say(`damaged: ${file}`);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
