/** An item of a batch. */
export interface DrawnItem {
  /** Its number in the stage's list of items. */
  readonly item: number;
  /** Weight on its loss. */
  readonly weight: number;
  /** Names this draw among those of the same item in an epoch, for random streams; empty where there is only one. */
  readonly draw: readonly number[];
}

/** What importance sampling tells of a batch. */
export interface Sampling {
  /** Mean score of the candidates, before smoothing. */
  readonly mean: number;
  /** The gain τ of sampling among these candidates. */
  readonly gain: number;
  /** For the log: the running mean of the gain, the gain beyond which sampling pays, and how many weights were cut. */
  readonly log: { readonly tau: number; readonly threshold: number; readonly capped: number };
}

/** The items of a batch, and how they were chosen. */
export interface Draw {
  readonly items: readonly DrawnItem[];
  /** Null where items were not chosen by a score: all weigh 1. */
  readonly sampling: Sampling | null;
}
