import { WorkError } from '../../system/errors.js';

/** The step after which a training made no sense any more: what is needed to find out why. Steps and epochs as in the log, from 1. */
export interface DivergedStep {
  step: number;
  epoch: number;
  /** Of the batch. */
  ids: readonly string[];
  loss: number;
  terms: Readonly<Record<string, number>>;
  lr: number;
  shape?: string;
}

/** The loss of a step, or a parameter after it, is not finite. */
export class Diverged extends WorkError {
  /**
   * @param title - The stage, whose keys are named.
   * @param what - What is not finite.
   */
  constructor(
    title: string,
    what: string,
    readonly at: DivergedStep,
  ) {
    super(
      `${title}: ${what} at step ${at.step} (${at.ids.slice(0, 3).join(', ')}, …). ` +
        `Lower ${title}.lr, set ${title}.clipNorm, or training.onDivergence=rollback.`,
    );
  }
}
