import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, type TestContext } from 'node:test';

/** A temporary folder that is deleted when the test ends, or without a test after those of the file. */
export function temporaryFolder(t?: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-test-'));
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  if (t) t.after(remove);
  else after(remove);
  return folder;
}

/** Writes an executable shell script. */
export function script(folder: string, name: string, body: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}
