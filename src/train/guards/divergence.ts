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
   * @param title - The stage.
   * @param what - States what is not finite: `the loss is NaN`.
   * @param keys - Where the configuration has the keys of the stage: `head`, `head.classifier`.
   */
  constructor(
    title: string,
    what: string,
    readonly at: DivergedStep,
    keys = title,
  ) {
    super(
      `${title}: ${what} at step ${at.step} (${at.ids.slice(0, 3).join(', ')}, …). ` +
        `Lower ${keys}.lr, ${keys === title ? `set ${title}.clipNorm, ` : ''}or set training.onDivergence=rollback.`,
    );
  }
}
