import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts the command from its source, so that no build is needed. */
export function startLofi(args: string[], env: NodeJS.ProcessEnv = {}, node: string[] = []): ChildProcess {
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname;
  const tsx = import.meta.resolve('tsx');
  return spawn(process.execPath, [...node, '--import', tsx, main, ...args], { env: { ...process.env, ...env } });
}

/** Runs the command to its end. `node` are options of Node itself. */
export async function lofi(args: string[], env: NodeJS.ProcessEnv = {}, node: string[] = []): Promise<Ended> {
  const child = startLofi(args, env, node);
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
