import { spawn } from 'node:child_process';
import type { Config } from '../../config/schema.js';

/** What `notify.command` gets: how a command on a run ended. */
export interface CommandOutcome {
  run: string;
  outcome: 'done' | 'stopped' | 'failed';
  /** Why it failed or stopped. */
  message: string | null;
  /** Where it was; null where no step was taken. */
  stage: string | null;
  step: number | null;
  steps: number | null;
  /** ISO 8601. */
  time: string;
}

/** A command that does not end must not keep the run from ending. */
const patience = 60_000;

/**
 * Starts `notify.command`, if there is one, with the outcome as its last argument (JSON), without a shell, and waits for its end, a minute at
 * most. What goes wrong with it is a warning: the run has ended as it has.
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
  if (problem !== null) process.stderr.write(`warning: notify.command: ${program}: ${problem}\n`);
}
