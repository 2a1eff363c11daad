import { hostname } from 'node:os';
import path from 'node:path';
import { writeFileAtomic } from '../../system/files/files.js';

/** The content of `heartbeat.json`, for programs and people who watch a run. */
export interface Beat {
  /** If the file says `running` and has not changed for minutes, the process is dead or hangs. */
  state: 'running' | 'done' | 'stopped' | 'failed';
  /** Why the run failed or stopped. */
  message?: string;
  pid: number;
  host: string;
  stage: string;
  /** Steps done; for `extract`, videos. */
  step: number;
  /** All steps of the stage; for `extract`, videos. */
  steps: number;
  /** Estimated seconds to the end of the stage; null where nothing is known yet. */
  etaSeconds: number | null;
  /** ISO 8601. */
  time: string;
}

/** Shortest time between two writes, ms. */
const quietMs = 10_000;

/**
 * Writes the heartbeat of a run. Writes nothing before the first step of a stage, so a finished run does not change.
 */
export class Heartbeat {
  private last: Beat | undefined;
  private written = -Infinity;
  private begun = { stage: '', at: 0, step: 0 };

  /** @param runFolder - null: nothing is written. */
  constructor(private readonly runFolder: string | null) {}

  /** Reports the progress of a stage: `step` of `steps` are done. */
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

  /** Reports how the run ended. Returns the last beat; undefined where no step was taken. */
  end(state: 'done' | 'stopped' | 'failed', message?: string): Beat | undefined {
    if (!this.last) return undefined;
    this.last = { ...this.last, state, ...(message !== undefined && { message }), time: new Date().toISOString() };
    this.write(this.last);
    return this.last;
  }

  private write(beat: Beat): void {
    if (this.runFolder === null) return;
    try {
      writeFileAtomic(path.join(this.runFolder, 'heartbeat.json'), `${JSON.stringify(beat)}\n`);
    } catch {
      // The work goes on without a heartbeat, for example where the disk is full.
    }
  }
}
