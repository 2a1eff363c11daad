import { setTimeout as sleep } from 'node:timers/promises';
import type * as tf from '@tensorflow/tfjs-core';
import { RankLost, type Ranks } from '../../engine/collectives/ranks.js';
import { Stopped, UsageError, WorkError, type LofiError } from '../../system/errors.js';
import { Diverged, type DivergedStep } from '../guards/divergence.js';

/**
 * The processes that train together. Rank 0 leads: it alone writes. All ranks run the same program; what one fails at
 * ends all, with the same error.
 */
export interface Team {
  readonly rank: number;
  readonly count: number;
  /** Whether this is rank 0. */
  readonly leads: boolean;
  /**
   * Tells all ranks something (plain JSON), and hears what each tells, in their order.
   *
   * @throws The error that another rank has told instead; RankLost.
   */
  exchange<T>(mine: T): T[];
  /** Adds up vectors over the ranks, see {@link Ranks.sum}. */
  sum(name: string, vector: tf.Tensor1D): tf.Tensor1D;
  /**
   * Makes sure that something is the same on all ranks.
   *
   * @throws UsageError or WorkError that `differs` makes of the first rank that has something else, on all ranks.
   */
  same<T>(mine: T, differs: (first: T, other: T, rank: number) => Error): void;
  /** Rank 0 does `work`, for however long, while the others wait. Returns its result there, null elsewhere. */
  alone<T>(work: () => T | Promise<T>): Promise<T | null>;
  /** All ranks do `work`, which rank 0 has done before the others begin: what it writes is there. */
  first<T>(work: () => T | Promise<T>): Promise<T>;
  /** Tells the other ranks that this one has failed, unless they know. They get the error at their next exchange. */
  tell(error: unknown): void;
}

/** A process that trains alone. */
export const noTeam: Team = {
  rank: 0,
  count: 1,
  leads: true,
  exchange: (mine) => [mine],
  sum: (_, vector) => vector,
  same: () => undefined,
  alone: async (work) => work(),
  first: async (work) => work(),
  tell: () => undefined,
};

/** Where rank 0 announces how many turns it has done alone; the others look there. It must need no disk space. */
export interface Turns {
  announce(turn: number): void;
  announced(): number;
}

/** Time between two looks at the announced turn, ms. */
const lookMs = 50;
/** Time between two checks that rank 0 is alive, ms. */
const checkMs = 2000;

/** What a rank says at an exchange. */
interface Said {
  /** How many turns it knows that rank 0 has done alone. */
  turn: number;
  said?: unknown;
  failed?: ToldError;
}

/** An error as ranks tell it each other. */
interface ToldError {
  message: string;
  exitCode: LofiError['exitCode'];
  diverged?: DivergedStep;
}

/** A team of several processes. */
export function teamOf(ranks: Ranks, turns: Turns): Team {
  const { rank, count } = ranks;
  const leads = rank === 0;
  /** Errors that all ranks know. */
  const known = new WeakSet<Error>();
  let turn = 0;

  function exchange<T>(mine: T, failed?: ToldError): T[] {
    let all: Said[];
    try {
      all = ranks.exchange(failed ? { turn, failed } : { turn, said: mine }) as Said[];
    } catch (error) {
      if (error instanceof Error) known.add(error);
      throw error;
    }
    const bad = all.findIndex((one) => one.failed);
    if (bad < 0) return all.map(({ said }) => said as T);
    // What fails may fail on one rank within a turn, on another before it.
    turn = Math.max(...all.map((one) => one.turn));
    const error = errorOf(all[bad]!.failed!, bad);
    known.add(error);
    throw error;
  }

  async function alone<T>(work: () => T | Promise<T>): Promise<T | null> {
    turn++;
    if (!leads) {
      let checked = performance.now();
      while (turns.announced() < turn) {
        await sleep(lookMs);
        if (performance.now() - checked < checkMs) continue;
        ranks.checkPeers();
        checked = performance.now();
      }
      exchange(null);
      return null;
    }
    const result = await work();
    turns.announce(turn);
    exchange(null);
    return result;
  }

  return {
    ...{ rank, count, leads, exchange, alone },
    sum: (name, vector) => ranks.sum(name, vector),
    same(mine, differs) {
      const all = exchange(mine);
      const first = JSON.stringify(all[0]);
      const other = all.findIndex((one) => JSON.stringify(one) !== first);
      if (other < 0) return;
      const error = differs(all[0]!, all[other]!, other);
      known.add(error);
      throw error;
    },
    async first(work) {
      const mine = await alone(work);
      return leads ? mine! : work();
    },
    tell(error) {
      if (!(error instanceof Error) || error instanceof RankLost || known.has(error)) return;
      known.add(error);
      try {
        // The others may wait for a turn to end that never will.
        if (leads) turns.announce(++turn);
        exchange(null, told(error));
      } catch {
        // This rank ends by its own error.
      }
    },
  };
}

function told(error: Error): ToldError {
  const { message } = error;
  const [first = ''] = message.split('\n');
  if (error instanceof Diverged) return { message, exitCode: 1, diverged: error.at };
  const exitCode = 'exitCode' in error ? (error.exitCode as LofiError['exitCode']) : 1;
  return { message: exitCode === 1 ? first : message, exitCode };
}

function errorOf({ message, exitCode, diverged }: ToldError, rank: number): Error {
  if (diverged) return Object.assign(new Diverged('', '', diverged), { message });
  if (exitCode === 130) return new Stopped('SIGINT', exitCode);
  if (exitCode === 143) return new Stopped('SIGTERM', exitCode);
  const text = `rank ${rank}: ${message}`;
  return exitCode === 2 ? new UsageError(text) : new WorkError(text);
}
