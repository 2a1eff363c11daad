import { configHash } from '../config/hash.js';
import { stageFacts, stageNames, type StageName } from '../config/stages.js';
import { checkBeforeTraining } from './before-training.js';
import { extract } from './features/extract-stage.js';
import { head } from './head/head-stage.js';
import { joint } from './joint/joint-stage.js';
import { pretext } from './pretext/pretext-stage.js';
import { pretrain } from './pretrain/pretrain-stage.js';
import type { Run } from './run/run.js';
import { segments } from './segments/segments-stage.js';
import type { Stage } from './stage.js';
import { refuseChanges } from './training/changes.js';

/** Every stage, in the order of `config/stages.ts`. A new stage needs an entry there and one here. */
export const pipeline: readonly Stage[] = [pretext, pretrain, joint, extract, segments, head];

/**
 * Runs stages in their order; finished ones return at once. Before any stage starts, all of them compare the
 * configuration and data that they were made from with the present ones.
 *
 * @throws UsageError naming what has changed, unless the policy allows a stage to be done again; or what the
 *   dataset lacks.
 */
export async function runStages(run: Run, names: readonly StageName[]): Promise<void> {
  const wanted = pipeline.filter((stage) => names.includes(stage.name));
  checkBeforeTraining(run, names);
  const free = pipeline.filter((stage) => !wanted.includes(stage) && isDoneOnDemand(run, stage, wanted));
  await run.team.alone(async () => {
    for (const stage of [...free, ...wanted]) await refuseOutdated(run, stage);
    run.adopt({ config: everyStageFits(run) });
  });
  for (const stage of pipeline) if (free.includes(stage) || wanted.includes(stage)) await stage.run(run);
}

/** Whether a stage costs nothing and comes before a wanted one, so that it is run on demand. */
function isDoneOnDemand(run: Run, stage: Stage, wanted: readonly Stage[]): boolean {
  if (!stageFacts(stage.name).applies(run.config) || stage.costsNothing?.(run) !== true) return false;
  return wanted.some((other) => pipeline.indexOf(other) > pipeline.indexOf(stage));
}

async function refuseOutdated(run: Run, stage: Stage): Promise<void> {
  const manifest = run.policy.resume === 'never' ? null : run.store.manifest(stage.name);
  if (manifest) refuseChanges(run, stage.name, manifest, await stage.inputs(run));
}

/** Whether every stage in the store matches the present configuration, or the policy allows mismatches. */
function everyStageFits({ store, config, policy }: Run): boolean {
  if (policy.resume === 'never' || policy.allowConfigChange) return true;
  return stageNames.every((name) => {
    const manifest = store.manifest(name);
    return manifest === null || manifest.configHash === configHash(config, name);
  });
}
