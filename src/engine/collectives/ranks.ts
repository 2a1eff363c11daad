import * as tf from '@tensorflow/tfjs-core';
import { WorkError } from '../../system/errors.js';
import type { Cluster } from './cluster.js';
import { addOver, answers, type Group } from './collectives.js';
import { decodeMessage, encodeMessage } from './messages.js';

/** Thrown when another rank has ended or does not answer. No rank can compute with the others after that. */
export class RankLost extends WorkError {}

/** How long another rank is given to say that it is alive, ms. */
const healthMs = 2000;

/**
 * The processes that compute together, numbered from 0. Every rank makes the same calls in the same order.
 *
 * Sums are exact: messages are added to zeros, and vectors in pairs of ranks, whose partners lie 1, 2, 4, … ranks
 * apart. So a sum over ranks is the sum of a balanced tree, and its bits do not depend on who computed what.
 */
export class Ranks {
  private readonly instances = new Map<string, number>();
  /** Bytes that a message may have; it grows as needed, on all ranks at once. */
  private capacity = 1024;
  private lost: RankLost | null = null;
  /** Whether all have spoken once: before that, a rank that does not answer may still come. */
  private met = false;

  /** @param seconds - How long a rank waits for the others. */
  constructor(
    private readonly cluster: Cluster,
    private readonly seconds: number,
  ) {
    const { length } = cluster.addresses;
    if (length < 2 || length !== powerOf2From(length)) throw new RangeError(`${length} ranks`);
  }

  /** Number of this process. */
  get rank(): number {
    return this.cluster.rank;
  }

  /** Number of processes: 2, 4, 8, …. */
  get count(): number {
    return this.cluster.addresses.length;
  }

  /**
   * Tells all ranks something, and hears what they tell.
   *
   * @param mine - Plain JSON; numbers may be infinite or NaN.
   * @returns What each rank has told, in their order.
   * @throws RankLost.
   */
  exchange(mine: unknown): unknown[] {
    if (this.met) this.checkPeers();
    const bytes = encodeMessage(mine);
    for (;;) {
      const width = 1 + this.capacity / 4;
      const own = new Int32Array(width);
      own[0] = bytes.length;
      Buffer.from(own.buffer, 4).set(bytes.subarray(0, this.capacity));
      const rows = new Int32Array(width * this.count);
      rows.set(own, this.rank * width);
      const sums = this.added(`message ${this.capacity}`, tf.tensor1d(rows, 'int32'), { size: this.count, key: 1 });
      const told = sums.dataSync<'int32'>();
      sums.dispose();
      this.met = true;
      const rowOf = (rank: number) => told.subarray(rank * width, (rank + 1) * width);
      const lengths = this.cluster.addresses.map((_, rank) => rowOf(rank)[0]!);
      const longest = Math.max(...lengths);
      if (longest <= this.capacity)
        return lengths.map((length, rank) =>
          decodeMessage(Buffer.from(rowOf(rank).slice(1).buffer).subarray(0, length)),
        );
      this.capacity = powerOf2From(longest);
    }
  }

  /**
   * Adds up vectors of float32, one of each rank, as a balanced tree over the ranks. A rank that has nothing to add
   * gives negative zeros, to which every number can be added without a change. Disposes of the argument.
   *
   * @param name - Vectors of one name have the same length, or are told apart by it.
   * @throws RankLost.
   */
  sum(name: string, vector: tf.Tensor1D): tf.Tensor1D {
    let sum = vector;
    for (let apart = 1; apart < this.count; apart *= 2) {
      const first = Math.min(this.rank, this.rank ^ apart);
      // Key 1 is that of all ranks; those of pairs are told apart by round and first member.
      sum = this.added(`${name} ${vector.size}`, sum, { size: 2, key: 2 + apart * this.count + first });
    }
    return sum;
  }

  private added(name: string, vector: tf.Tensor1D, group: Pick<Group, 'size' | 'key'>): tf.Tensor1D {
    if (this.lost) throw this.lost;
    let instance = this.instances.get(name);
    if (instance === undefined) this.instances.set(name, (instance = this.instances.size + 1));
    try {
      return addOver(vector, { ...group, instance }, this.seconds);
    } catch (error) {
      throw this.failed((error as Error).message);
    } finally {
      vector.dispose();
    }
  }

  /**
   * Checks that all others are alive.
   *
   * @throws RankLost when one has ended, or does not answer for as long as ranks wait for each other.
   */
  checkPeers(): void {
    if (this.lost) throw this.lost;
    const gone = this.others().filter((rank) => !answers(rank, this.seconds * 1000));
    if (gone.length > 0) throw this.failed('a rank does not answer');
  }

  private others(): number[] {
    return this.cluster.addresses.map((_, rank) => rank).filter((rank) => rank !== this.rank);
  }

  private failed(message: string): RankLost {
    const silent = this.others().filter((rank) => !answers(rank, healthMs));
    const named = silent.map((rank) => `rank ${rank} (${this.cluster.addresses[rank]!})`).join(' and ');
    const why =
      silent.length > 0
        ? `${named} has ended, hangs or cannot be reached`
        : `another rank did not come within ${this.seconds} s or has failed (${message.split('\n').at(-1)!.trim()})`;
    this.lost = new RankLost(
      `rank ${this.rank} ends: ${why}; the same command on all ranks goes on from the last checkpoint`,
    );
    return this.lost;
  }
}

/** The smallest power of two that is not below a whole number. */
export function powerOf2From(number: number): number {
  return 2 ** Math.ceil(Math.log2(number));
}
