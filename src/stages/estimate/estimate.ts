import type { Config } from '../../config/schema.js';
import type { StageName } from '../../config/stages.js';
import { stagesOf } from '../../config/stages.js';
import { extract, joint, pretrain } from './encoder-stages.js';
import { head, segments } from './feature-stages.js';
import { pretext } from './sequence-stage.js';
import type { StageEstimate } from './stage-estimate.js';
import { subjectOf, type Subject } from './subject.js';

/** The stages that run under a configuration, in their order. */
export type Estimate = Partial<Record<StageName, StageEstimate>>;

/** How each stage is estimated; null where it computes nothing. */
const estimators: Readonly<Record<StageName, (subject: Subject) => StageEstimate | null>> = {
  pretext,
  pretrain,
  joint,
  extract,
  segments,
  head,
};

/**
 * Memory and operations of every stage that runs and every shape, before anything runs: the stages' own steps are taken
 * on a few made-up items and metered; what they take grows in proportion. Needs the native engine, which must have been
 * started.
 *
 * @param channels - Of a feature that the head sees.
 * @throws UsageError where the configuration makes no model, or no plan.
 */
export function estimate(config: Config, channels: number): Estimate {
  const subject = subjectOf(config, channels);
  const found: Estimate = {};
  for (const stage of stagesOf({ config })) {
    const of = estimators[stage](subject);
    if (of) found[stage] = of;
  }
  return found;
}
