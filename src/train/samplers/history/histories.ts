import type { State } from '../../../models/state.js';

/** Losses that are remembered of an item. */
const longest = 10;

/**
 * The last losses of each item at one fidelity, the oldest first. The number of losses is kept apart from the losses,
 * because a loss of 0 is a loss like any other.
 */
export class Histories {
  constructor(
    private readonly losses: Float32Array,
    private readonly counts: Float32Array,
  ) {}

  static empty(items: number): Histories {
    return new Histories(new Float32Array(items * longest), new Float32Array(items));
  }

  /** Reads the histories of a fidelity from the arrays of a sampler's state; empty ones where there are none. */
  static from(tensors: State, shape: string, items: number): Histories {
    const losses = tensors.get(`losses.${shape}`);
    const counts = tensors.get(`counts.${shape}`);
    return losses && counts ? new Histories(losses.data.slice(), counts.data.slice()) : Histories.empty(items);
  }

  /** The arrays in which a checkpoint stores the histories of a fidelity. */
  stored(shape: string): State {
    const items = this.counts.length;
    return new Map([
      [`losses.${shape}`, { shape: [items, longest], data: this.losses }],
      [`counts.${shape}`, { shape: [items], data: this.counts }],
    ]);
  }

  /** The last losses of an item, up to ten. */
  of(item: number): Float32Array {
    const from = item * longest;
    return this.losses.slice(from, from + this.counts[item]!);
  }

  /** Appends a loss; of more than ten the oldest is forgotten. */
  append(item: number, loss: number): void {
    const from = item * longest;
    const count = this.counts[item]!;
    if (count === longest) this.losses.copyWithin(from, from + 1, from + longest);
    else this.counts[item] = count + 1;
    this.losses[from + Math.min(count, longest - 1)] = loss;
  }
}
