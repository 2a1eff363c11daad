/** When work is captured: where it pays, wherever it can be, never. */
export type CaptureMode = 'auto' | 'on' | 'off';

/** How the steps of captured work were done, counted since the engine has started. */
export interface CaptureCounts {
  /** Stretches that ran as one call. */
  captured: number;
  /** Stretches that ran op by op: seen for the first time, or with something in them that an earlier one had not. */
  eager: number;
  /** Functions that were made. */
  made: number;
}
