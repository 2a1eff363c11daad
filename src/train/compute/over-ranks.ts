import * as tf from '@tensorflow/tfjs-core';
import type { Team } from '../ranks/team.js';
import type { Compute } from './compute.js';
import { computeMicroBatches, itemLosses, wholeLoss, type MicroLosses } from './local.js';
import { addedCounts, disposeSums, fromMicroSums, type MicroSums } from './micro-sums.js';

/** What a rank tells the others of its micro-batches. */
interface ToldBatch {
  losses: MicroLosses[];
  counts: [string, number][];
  /** Names and shapes of its tensors, for ranks that have none; null where all have some. */
  layout: Layout | null;
}

type Layout = (readonly [name: string, shape: readonly number[]])[];

/**
 * Implements {@link Compute} over the processes of a team, each of which computes its micro-batches. All get the sums
 * over all, of the same bits as in one process.
 */
export function overRanks(team: Team): Compute {
  return (parts, division, forward, options) => {
    const { sums, losses } = computeMicroBatches(parts, division, forward, options);
    try {
      const layout = division.idle && sums ? layoutOf(sums) : null;
      const told = team.exchange<ToldBatch>({ losses, counts: [...(sums?.counts ?? [])], layout });
      const all = told.flatMap(({ losses }) => losses);
      const tensors = summed(team, sums, sums ? layoutOf(sums) : told.find(({ layout }) => layout)!.layout!);
      const counts = addedCounts(told.map(({ counts }) => new Map(counts)));
      return {
        ...wholeLoss(all),
        gradients: fromMicroSums(parts, { tensors, counts }),
        items: itemLosses(all, options),
      };
    } finally {
      disposeSums(sums);
    }
  };
}

const layoutOf = ({ tensors }: MicroSums): Layout => [...tensors].map(([name, { shape }]) => [name, shape]);

/** Adds up the tensors of all ranks as one vector: each call between processes costs as much as some 100 kB. */
function summed(team: Team, sums: MicroSums | undefined, layout: Layout): Map<string, tf.Tensor> {
  const sizes = layout.map(([, shape]) => shape.reduce((product, size) => product * size, 1));
  const vector = sums
    ? tf.tidy(() => tf.concat(layout.map(([name]) => tf.reshape<tf.Rank.R1>(sums.tensors.get(name)!, [-1]))))
    : tf.fill<tf.Rank.R1>([sizes.reduce((sum, size) => sum + size, 0)], -0);
  const whole = team.sum('sums of micro-batches', vector);
  const parts = tf.tidy(() => tf.split(whole, sizes).map((part, i) => tf.reshape(part, [...layout[i]![1]])));
  whole.dispose();
  return new Map(layout.map(([name], i) => [name, parts[i]!]));
}
