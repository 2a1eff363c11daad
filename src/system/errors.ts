import { lineOf } from './printable.js';

/**
 * An error for the caller to read: one line, and the exit code of `lofi`. Names of files and labels in the message are
 * made safe to print.
 */
export class LofiError extends Error {
  /** 1: the work failed; 2: the call is wrong; 130, 143: stopped by a signal. */
  readonly exitCode: 1 | 2 | 130 | 143;

  constructor(message: string, exitCode: LofiError['exitCode'], options?: ErrorOptions) {
    super(shortened(lineOf(message)), options);
    this.name = new.target.name;
    this.exitCode = exitCode;
  }
}

/** A name in the message may have any length. */
const maxMessage = 1500;

function shortened(message: string): string {
  if (message.length <= maxMessage) return message;
  return `${message.slice(0, maxMessage / 2)}…${message.slice(-maxMessage / 2)}`;
}

/** The work could not be done: a bad video, a diverged loss, a missing tool. Exit code 1. */
export class WorkError extends LofiError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 1, options);
  }
}

/** The call is wrong: an unknown key, a missing file, a file that does not parse. Exit code 2. */
export class UsageError extends LofiError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 2, options);
  }
}

/** A signal asked the work to stop. This is not a {@link WorkError}, since nothing has failed. */
export class Stopped extends LofiError {
  constructor(signal: 'SIGINT' | 'SIGTERM', exitCode: 130 | 143) {
    super(`stopped by ${signal}; the same command continues from here`, exitCode);
  }
}
