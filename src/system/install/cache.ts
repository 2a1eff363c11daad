import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { WorkError } from '../errors.js';
import { syncFolder } from '../files/files.js';

const PARTIAL = '.partial-';

/**
 * Folder of fetched and built things, shared by all checkouts: `$XDG_CACHE_HOME/lofi-tal`, or else the system's usual
 * place (`~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`). It may not exist yet.
 */
export function cacheFolder(env = process.env, platform: NodeJS.Platform = process.platform): string {
  return path.join(cacheBase(env, platform), 'lofi-tal');
}

function cacheBase(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG specification requires that relative paths are ignored.
  if (xdg !== undefined && path.isAbsolute(xdg)) return xdg;
  const home = env['HOME'] ?? os.homedir();
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches');
  if (platform === 'win32') return env['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local');
  return path.join(home, '.cache');
}

/**
 * Why nothing of an existing cache folder may be used: programs and libraries in it are run, so nobody else may have
 * put them there. It must belong to this user, or to the system's administrator, and nobody else may write into it.
 *
 * @param user - The number of this user; undefined where the system has none (Windows).
 * @returns One line that says what to do; undefined where the folder is in order or does not exist.
 */
export function cacheProblem(folder = cacheFolder(), user = process.geteuid?.()): string | undefined {
  if (user === undefined) return undefined;
  // A link that somebody else has made could lead elsewhere tomorrow.
  for (const look of [lstatSync, statSync]) {
    const found = look(folder, { throwIfNoEntry: false });
    if (!found) return undefined;
    if (found.uid !== user && found.uid !== 0)
      return (
        `the cache folder ${folder} belongs to another user (${found.uid}), and programs in it would be run: ` +
        'set XDG_CACHE_HOME to a folder of your own'
      );
    if (!found.isSymbolicLink() && (found.mode & 0o022) !== 0)
      return (
        `others can write into the cache folder ${folder}, and programs in it would be run: delete it and run ` +
        'lofi setup, or, if nobody has put anything there, chmod go-w it'
      );
  }
  return undefined;
}

/**
 * Checks the cache folder before something of it is used.
 *
 * @throws WorkError with the {@link cacheProblem}, where there is one.
 */
export function requireOwnCache(folder = cacheFolder()): void {
  const problem = cacheProblem(folder);
  if (problem !== undefined) throw new WorkError(problem);
}

/**
 * Creates the cache folder, for this user alone.
 *
 * @throws WorkError when it cannot be created, or an existing one has a {@link cacheProblem}.
 */
export function makeCacheFolder(folder = cacheFolder()): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    throw new WorkError(
      `cache folder cannot be made: ${folder} (${code}). Set XDG_CACHE_HOME to a folder you can write.`,
    );
  }
  requireOwnCache(folder);
  return folder;
}

/**
 * Creates `folder` completely or not at all: `build` writes into a temporary folder, which is renamed at the end. Does
 * nothing if `folder` exists, since an existing folder is complete.
 */
export async function installFolder(folder: string, build: (staging: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  const staging = `${folder}${PARTIAL}${randomBytes(4).toString('hex')}`;
  const discard = () => {
    rmSync(staging, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', discard);
  try {
    mkdirSync(staging, { recursive: true, mode: 0o700 });
    await build(staging);
    syncTree(staging);
    renameSync(staging, folder);
    syncFolder(path.dirname(folder));
  } finally {
    process.off('exit', discard);
    discard();
  }
}

/** Removes what killed set-ups left in `root`. Call it only under the lock, so that no other set-up can be running. */
export function removeLeftovers(root: string): void {
  for (const name of readdirSync(root)) {
    if (name.includes(PARTIAL)) rmSync(path.join(root, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * Syncs all files to disk. Otherwise a power cut after the rename could leave empty files in a
 * folder that counts as complete.
 */
function syncTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const fd = openSync(path.join(entry.parentPath, entry.name), 'r');
    fsyncSync(fd);
    closeSync(fd);
  }
}
