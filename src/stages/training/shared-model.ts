import * as tf from '@tensorflow/tfjs-core';
import { hashTensors } from '../../checkpoints/formats/tensor.js';
import { WorkError } from '../../system/errors.js';
import type { SourceState } from '../../train/batches/batch-source.js';
import type { Team } from '../../train/ranks/team.js';
import { snapshot } from './snapshot.js';
import type { StageModel } from './training-plan.js';

/** Gives all ranks the parameters that rank 0 has. */
export function spreadModel(team: Team, parts: StageModel['parts']): void {
  if (team.count === 1) return;
  for (const [part, { parameters }] of Object.entries(parts))
    for (const { name } of parameters.specs) {
      const own = parameters.get(name);
      const flat = team.leads ? tf.reshape<tf.Rank.R1>(own, [-1]) : tf.fill<tf.Rank.R1>([own.size], -0);
      const given = team.sum(`${part}.${name}`, flat);
      parameters.assign(name, tf.reshape(given, own.shape));
      given.dispose();
    }
}

/**
 * Makes sure that all ranks train the same model from the same state.
 *
 * @throws WorkError on all ranks where one differs.
 */
export function requireSameModel(
  team: Team,
  { stage, parts }: Pick<StageModel, 'stage' | 'parts'>,
  source: SourceState,
): void {
  if (team.count === 1) return;
  const state = [hashTensors(snapshot(parts, source)), source.values];
  team.same(state, (_first, _other, rank) => {
    const what = 'starts with other weights than rank 0';
    return new WorkError(`${stage}: rank ${rank} ${what}: are its machine and engine of the same kind?`);
  });
}
