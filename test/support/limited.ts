import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** How a child process under limits ended. */
export interface LimitedEnd {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Why it was killed; null where it ended by itself. */
  killed: string | null;
}

/** Runs a TypeScript module in a process of its own, which is killed when it takes too much memory or too long. */
export async function runLimited(
  module: URL,
  args: readonly string[],
  { mebibytes, seconds, env = {} }: { mebibytes: number; seconds: number; env?: NodeJS.ProcessEnv },
): Promise<LimitedEnd> {
  const child = spawn(
    process.execPath,
    // A heap as large as the limit: what goes beyond it is buffers, which V8 does not count.
    [`--max-old-space-size=${mebibytes}`, '--import', import.meta.resolve('tsx'), module.pathname, ...args],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let killed: string | null = null;
  const kill = (why: string) => {
    killed ??= why;
    child.kill('SIGKILL');
  };
  const clock = setTimeout(() => {
    kill(`it took more than ${seconds} s`);
  }, seconds * 1000);
  const watch = setInterval(() => {
    const resident = residentMebibytes(child.pid!);
    if (resident > mebibytes) kill(`it took ${Math.round(resident)} MiB`);
  }, 50);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(clock);
  clearInterval(watch);
  return { code, stdout, stderr, killed };
}

/** The largest resident size of a process so far, in MiB; 0 where the system does not tell it. */
function residentMebibytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
