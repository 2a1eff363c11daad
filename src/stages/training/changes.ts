import type { CheckpointManifest, Input, MadeOf, Origin } from '../../checkpoints/run-store.js';
import { configHash, differences, stageConfig } from '../../config/hash.js';
import type { StageName } from '../../config/stages.js';
import { UsageError } from '../../system/errors.js';
import type { Run } from '../run/run.js';

/** The parts of a manifest that are compared: the stage's configuration, and the data that it was made from. */
type Recorded = Pick<CheckpointManifest, 'configHash' | 'inputs' | 'classes' | 'state'>;

/**
 * Refuses a stage whose configuration or data have changed since it was made, unless the policy allows it to be done
 * again.
 *
 * @throws UsageError naming what has changed.
 */
export function refuseChanges(run: Run, stage: StageName, made: Recorded, now: Omit<MadeOf, 'parents'>): void {
  const reasons = [
    ['with another configuration', configChanges(run, stage, made)] as const,
    ['from other data', dataChanges(made, now)] as const,
  ].filter(([, changed]) => changed.length > 0);
  if (reasons.length === 0 || run.policy.allowConfigChange) return;
  const said = reasons.map(([how, changed]) => `${how} (${changed.join('; ')})`).join(' and ');
  throw new UsageError(
    `${stage} in ${run.folder} was made ${said}.\n` +
      'Give another --run, or --allow-config-change to do the stage again.',
  );
}

/** Why a checkpoint does not belong to the present configuration, data and parents; empty where it does. */
export function outOfDate(run: Run, stage: StageName, made: CheckpointManifest, now: MadeOf): string[] {
  return [...configChanges(run, stage, made), ...dataChanges(made, now), ...parentChanges(made.parents, now.parents)];
}

function parentChanges(made: readonly Origin[], now: readonly Origin[]): string[] {
  const stages = new Set([...made, ...now].map(({ stage }) => stage));
  const contentOf = (origins: readonly Origin[], stage: string) => origins.find((one) => one.stage === stage)?.sha256;
  return [...stages]
    .filter((stage) => contentOf(made, stage) !== contentOf(now, stage))
    .map((stage) => `another ${stage}`);
}

/** The keys that have changed since a stage was made, each as `key: before → now`. */
function configChanges(run: Run, stage: StageName, made: Recorded): string[] {
  if (made.configHash === configHash(run.config, stage)) return [];
  return differences(made.state.config, stageConfig(run.config, stage));
}

/** The data that have changed since a stage was made. Data that cannot be compared any longer count as unchanged. */
function dataChanges(made: Omit<MadeOf, 'parents'>, now: Omit<MadeOf, 'parents'>): string[] {
  const classes =
    JSON.stringify(made.classes) === JSON.stringify(now.classes)
      ? []
      : [`classes: ${namesOf(made.classes)} → ${namesOf(now.classes)}`];
  const inputs = Object.entries(now.inputs).flatMap(([name, input]) => {
    const before = made.inputs[name];
    return before?.sha256 === input.sha256 ? [] : [`${name}: ${described(before, input)}`];
  });
  return [...classes, ...inputs];
}

function described(before: Input | undefined, now: Input): string {
  if (!before) return `not recorded → ${now.says}`;
  return before.says === now.says ? `${now.says}, but not the same` : `${before.says} → ${now.says}`;
}

const namesOf = (classes: readonly string[] | null): string => (classes ? classes.join(', ') : 'not recorded');
