import { configHash } from '../config/hash.js';
import { stageFacts, stageNames, type StageName } from '../config/stages.js';
import { extract } from './features/extract-stage.js';
import { head } from './head/head-stage.js';
import { joint } from './joint/joint-stage.js';
import { pretrain } from './pretrain/pretrain-stage.js';
import type { Run } from './run/run.js';
import { segments } from './segments/segments-stage.js';
import type { Stage } from './stage.js';
import { refuseChanges } from './training/changes.js';

/** The pipeline: every stage, in the order of `config/stages.ts`. A stage is added by its row there and a name here. */
export const pipeline: readonly Stage[] = [pretrain, joint, extract, segments, head];

/** The stages of a run from first to last, but for those that its configuration has no use for. */
export function stagesOf({ config }: Pick<Run, 'config'>): StageName[] {
  return stageNames.filter((name) => stageFacts(name).applies(config));
}

/**
 * Does stages of a run in their order; finished ones return at once. Before the first step of any, all of them compare
 * what they were made of with today's configuration and data.
 *
 * @throws UsageError naming what has changed, unless the policy lets a stage be done again.
 */
export async function runStages(run: Run, names: readonly StageName[]): Promise<void> {
  const wanted = pipeline.filter((stage) => names.includes(stage.name));
  const free = pipeline.filter((stage) => !wanted.includes(stage) && isDoneOnDemand(run, stage, wanted));
  for (const stage of [...free, ...wanted]) await refuseOutdated(run, stage);
  run.adopt({ config: everyStageFits(run) });
  for (const stage of pipeline) if (free.includes(stage) || wanted.includes(stage)) await stage.run(run);
}

/** Whether a stage costs nothing and comes before one that is wanted. */
function isDoneOnDemand(run: Run, stage: Stage, wanted: readonly Stage[]): boolean {
  if (!stageFacts(stage.name).applies(run.config) || stage.costsNothing?.(run) !== true) return false;
  return wanted.some((other) => pipeline.indexOf(other) > pipeline.indexOf(stage));
}

async function refuseOutdated(run: Run, stage: Stage): Promise<void> {
  const manifest = run.policy.resume === 'never' ? null : run.store.manifest(stage.name);
  if (manifest) refuseChanges(run, stage.name, manifest, await stage.inputs(run));
}

/** Whether every stage in the store was made with today's configuration, or that does not matter. */
function everyStageFits({ store, config, policy }: Run): boolean {
  if (policy.resume === 'never' || policy.allowConfigChange) return true;
  return stageNames.every((name) => {
    const manifest = store.manifest(name);
    return manifest === null || manifest.configHash === configHash(config, name);
  });
}
