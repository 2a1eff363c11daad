import { LofiError } from '../src/system/errors.js';
import { say } from '../src/system/say.js';

/** Runs a tool. An error that its user can do something about becomes one line on stderr, and an exit code. */
export async function runTool(main: () => void | Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof LofiError)) throw error;
    say(error.message);
    process.exitCode = error.exitCode;
  }
}
