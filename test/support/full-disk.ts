import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';

/**
 * Makes writes to files fail as on a full disk while `full()` is true: half of the bytes fit, then the disk is full.
 * With `told`, the system also reports beforehand that there is no room.
 */
export function fillDisk(t: TestContext, full: () => boolean, { told = false } = {}): void {
  const { writeSync, statfsSync } = fs;
  const enospc = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  t.mock.method(fs, 'writeSync', (fd: number, data: string | Uint8Array, from = 0) => {
    const bytes = Buffer.from(data as Uint8Array);
    if (!full()) return writeSync(fd, bytes, from);
    const half = Math.floor((bytes.length - from) / 2);
    if (half === 0) throw enospc();
    return writeSync(fd, bytes, from, half);
  });
  t.mock.method(fs, 'statfsSync', (folder: string) => {
    const said = statfsSync(folder);
    return told && full() ? Object.assign(said, { bavail: 0 }) : said;
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}
