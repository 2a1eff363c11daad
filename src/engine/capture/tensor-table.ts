import type { OutputTensor, TensorCalls } from './native-binding.js';
import type { TensorFacts } from './recorded.js';

/** Ids that {@link TensorTable} hands out. The binding's own count from 0 and have 31 bits. */
const firstId = 2 ** 40;

/**
 * The tensors that captured work has made. They have ids of their own, since a tensor that waits has none of the
 * binding's yet.
 */
export class TensorTable {
  private readonly held = new Map<number, { real: number; facts: TensorFacts }>();
  private nextId = firstId;

  constructor(private readonly native: TensorCalls) {}

  /** The id that the next tensor will have. */
  get next(): number {
    return this.nextId;
  }

  /** A tensor that is going to be made. */
  announce({ dtype, shape }: TensorFacts): OutputTensor {
    return { id: this.nextId++, dtype, shape: [...shape] };
  }

  /** Says which tensor of the binding is behind an id. */
  made(id: number, real: number, facts: TensorFacts): void {
    this.held.set(id, { real, facts });
  }

  /**
   * The binding's id of a tensor.
   *
   * @throws Error if the op that should have made it has failed.
   */
  real(id: number): number {
    if (id < firstId) return id;
    const held = this.held.get(id);
    if (!held) throw new Error('a tensor is used whose op has failed');
    return held.real;
  }

  /** Type and shape of a tensor that captured work has made; undefined for others. */
  facts(id: number): TensorFacts | undefined {
    return this.held.get(id)?.facts;
  }

  free(id: number): void {
    // What an op would have made that has failed is not there.
    if (id >= firstId && !this.held.has(id)) return;
    this.native.deleteTensor(this.real(id));
    this.held.delete(id);
  }
}
