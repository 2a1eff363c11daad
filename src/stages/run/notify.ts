import { spawn } from 'node:child_process';
import type { Config } from '../../config/schema.js';
import { say } from '../../system/say.js';

/** How a command on a run ended, as `notify.command` receives it. */
export interface CommandOutcome {
  /** The run folder. */
  run: string;
  outcome: 'done' | 'stopped' | 'failed';
  /** Why the command failed or stopped. */
  message: string | null;
  /** The stage at the end; null where no step was taken. */
  stage: string | null;
  step: number | null;
  steps: number | null;
  /** ISO 8601. */
  time: string;
}

/** Longest time that the command may take, ms: a command that hangs must not keep the run from ending. */
const patience = 60_000;

/**
 * Starts `notify.command`, if there is one, without a shell, with the outcome (JSON) as its last argument, and waits at
 * most a minute for its end. If it fails, a warning is written to stderr; the outcome of the run does not change.
 */
export async function notify({ command }: Config['notify'], outcome: CommandOutcome): Promise<void> {
  if (command === null) return;
  const [program, ...args] = command as [string, ...string[]];
  const problem = await new Promise<string | null>((resolve) => {
    const child = spawn(program, [...args, JSON.stringify(outcome)], {
      stdio: ['ignore', 2, 2],
      timeout: patience,
      windowsHide: true,
    });
    child.on('error', (error) => {
      resolve(error.message);
    });
    child.on('close', (code, signal) => {
      resolve(code === 0 ? null : signal ? `ended by ${signal}` : `exit code ${code}`);
    });
  });
  if (problem !== null) say(`warning: notify.command: ${program}: ${problem}`);
}
