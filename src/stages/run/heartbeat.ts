import { hostname } from 'node:os';
import path from 'node:path';
import { writeFileAtomic } from '../../system/files/files.js';

/** What `heartbeat.json` says, for whoever watches a run. */
export interface Beat {
  /** Of a run whose file says `running` for minutes, the process is dead or hangs. */
  state: 'running' | 'done' | 'stopped' | 'failed';
  /** Why it failed or stopped. */
  message?: string;
  pid: number;
  host: string;
  stage: string;
  /** Steps done; of `extract`, videos. */
  step: number;
  steps: number;
  /** Seconds to the end of the stage, if it goes on as it went. */
  etaSeconds: number | null;
  /** ISO 8601. */
  time: string;
}

/** Between two writes. */
const quietMs = 10_000;

/** The heartbeat of a run. Nothing is written before the first step of a stage: a run that is finished stays as it is. */
export class Heartbeat {
  private last: Beat | undefined;
  private written = -Infinity;
  private begun = { stage: '', at: 0, step: 0 };

  constructor(private readonly runFolder: string) {}

  beat(stage: string, step: number, steps: number): void {
    const now = performance.now();
    if (this.begun.stage !== stage) this.begun = { stage, at: now, step };
    const each = (now - this.begun.at) / 1000 / (step - this.begun.step);
    const etaSeconds = Number.isFinite(each) ? Math.round(each * (steps - step)) : null;
    const time = new Date().toISOString();
    this.last = { state: 'running', pid: process.pid, host: hostname(), stage, step, steps, etaSeconds, time };
    if (now - this.written < quietMs) return;
    this.written = now;
    this.write(this.last);
  }

  /** How it ended. */
  end(state: 'done' | 'stopped' | 'failed', message?: string): Beat | undefined {
    if (!this.last) return undefined;
    this.last = { ...this.last, state, ...(message !== undefined && { message }), time: new Date().toISOString() };
    this.write(this.last);
    return this.last;
  }

  private write(beat: Beat): void {
    try {
      writeFileAtomic(path.join(this.runFolder, 'heartbeat.json'), `${JSON.stringify(beat)}\n`);
    } catch {
      // A disk that is full, say: the work is worth more than word of it.
    }
  }
}
