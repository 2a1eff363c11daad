import cliProgress from 'cli-progress';
import { lineOf } from './printable.js';
import { say, saysNothing } from './say.js';

/** A progress bar on stderr with the remaining time. Where stderr is not a terminal, a line every 30 s instead. */
export interface Progress {
  step(done: number, note?: string): void;
  stop(): void;
}

/** Starts a progress bar, which appears only after 2 s of work. `total` is in units of the caller's choice. */
export function startProgress(title: string, total: number): Progress {
  const started = Date.now();
  let bar: cliProgress.SingleBar | undefined;
  let lastLine = started;
  const eta = (done: number) => Math.round((((Date.now() - started) / 1000) * (total - done)) / Math.max(done, 1e-9));
  return {
    step(done, note = '') {
      if (saysNothing()) return;
      const now = Date.now();
      if (now - started < 2000) return;
      if (process.stderr.isTTY) {
        bar ??= newBar(title, total);
        bar.update(done, { note: lineOf(note) });
      } else if (now - lastLine > 30_000) {
        lastLine = now;
        say(`${title}: ${done}/${total}, ETA ${eta(done)} s ${note}`);
      }
    },
    stop() {
      bar?.stop();
    },
  };
}

function newBar(title: string, total: number): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar({
    format: `${title} [{bar}] {value}/{total} ETA {eta_formatted} {note}`,
    stream: process.stderr,
    hideCursor: false,
  });
  bar.start(total, 0, { note: '' });
  return bar;
}

/** Runs `work` with a progress bar, which it updates by calling its argument. */
export async function withProgress<T>(
  title: string,
  work: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  let progress: Progress | undefined;
  try {
    return await work((done, total) => {
      progress ??= startProgress(title, total);
      progress.step(done);
    });
  } finally {
    progress?.stop();
  }
}
