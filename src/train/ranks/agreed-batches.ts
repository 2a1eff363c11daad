import { createHash } from 'node:crypto';
import { WorkError } from '../../system/errors.js';
import type { Batch } from '../loop.js';
import type { Team } from './team.js';

/** What a rank tells the others before a step. */
interface ToldBatch {
  /** Whether the batches of the epoch have come to their end. */
  ended: boolean;
  /** Places in the planned batch of the items that it has. */
  slots: readonly number[];
  skipped: readonly string[];
  /** Hash of what was drawn and how the batch is divided. */
  plan: string;
}

/**
 * Yields the batches of a rank, each once all ranks have theirs: with the items that the others have, and what they
 * left out. So all ranks take a step or none does: if one is stopped or cannot read its part, all stop.
 *
 * @param stop - The stop signal of this process.
 */
export async function* agreedBatches<B extends Batch>(
  batches: AsyncIterable<B>,
  team: Team,
  stop: AbortSignal,
): AsyncGenerator<B> {
  for await (const batch of orEnd(batches)) {
    stop.throwIfAborted();
    const told = team.exchange(toldOf(batch));
    const [first] = told as [ToldBatch];
    if (told.some(({ ended, plan }) => ended !== first.ended || plan !== first.plan))
      throw new WorkError('ranks have drawn different batches: are their machines of one kind?');
    if (batch === null) return;
    yield { ...batch, read: told.flatMap(({ slots }) => slots), skipped: told.flatMap(({ skipped }) => skipped) };
  }
}

/** The batches, and null after the last one. */
async function* orEnd<B>(batches: AsyncIterable<B>): AsyncGenerator<B | null> {
  yield* batches;
  yield null;
}

function toldOf(batch: Batch | null): ToldBatch {
  if (batch === null) return { ended: true, slots: [], skipped: [], plan: '' };
  const { slots, skipped = [], groups, drawn } = batch;
  const plan = createHash('sha256').update(JSON.stringify([groups, drawn?.items]));
  return { ended: false, slots: slots!, skipped, plan: plan.digest('hex').slice(0, 16) };
}
