import { WorkError } from '../../system/errors.js';

/**
 * The step at which a training diverged, with what is needed to find out why. Steps and epochs count from 1, as in the
 * log.
 */
export interface DivergedStep {
  step: number;
  epoch: number;
  /** Names of the batch's items. */
  ids: readonly string[];
  loss: number;
  terms: Readonly<Record<string, number>>;
  lr: number;
  shape?: string;
}

/** Thrown when the loss of a step, or a parameter after it, is not finite. */
export class Diverged extends WorkError {
  /**
   * @param title - The stage, whose configuration keys the message names.
   * @param what - States what is not finite: `the loss is NaN`.
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
