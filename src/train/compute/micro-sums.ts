import * as tf from '@tensorflow/tfjs-core';
import type { GradientsByPart } from '../gradients.js';
import { SumTree } from '../ranks/sum-tree.js';
import type { PartsByName } from './compute.js';

/**
 * What micro-batches are added up to: tensors by kind, part and name (gradients, sums of batch statistics), and counts
 * of what the statistics are of. The holder owns the tensors.
 */
export interface MicroSums {
  tensors: Map<string, tf.Tensor>;
  counts: Map<string, number>;
}

const gradient = 'gradient';
const statistic = 'statistic';

/** A tree that adds up {@link MicroSums}. */
export function microTree(): SumTree<MicroSums> {
  return new SumTree((a, b) => {
    const tensors = new Map<string, tf.Tensor>();
    for (const [name, tensor] of a.tensors) {
      const other = b.tensors.get(name)!;
      tensors.set(name, tf.add(tensor, other));
      tf.dispose([tensor, other]);
    }
    return { tensors, counts: addedCounts([a.counts, b.counts]) };
  });
}

/** Adds up counts by name. */
export function addedCounts(all: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const counts of all) for (const [name, count] of counts) sums.set(name, count + (sums.get(name) ?? 0));
  return sums;
}

/**
 * Takes over the gradients of a micro-batch, scaled by its share of the batch, and what its passes have left in the
 * collectors of the parts.
 */
export function microSums(parts: PartsByName, gradients: GradientsByPart, share: number): MicroSums {
  const sums: MicroSums = { tensors: new Map(), counts: new Map() };
  for (const [part, byName] of gradients)
    for (const [name, tensor] of byName) {
      sums.tensors.set(`${gradient}/${part}/${name}`, share === 1 ? tensor : tf.mul(tensor, share));
      if (share !== 1) tensor.dispose();
    }
  for (const [part, { statistics }] of Object.entries(parts)) {
    const { tensors, counts } = statistics.take();
    for (const [name, tensor] of tensors) sums.tensors.set(`${statistic}/${part}/${name}`, tensor);
    for (const [name, count] of counts) sums.counts.set(`${part}/${name}`, count);
  }
  return sums;
}

/** Puts sums of statistics back into the collectors of the parts, and returns the gradients. */
export function fromMicroSums(parts: PartsByName, { tensors, counts }: MicroSums): GradientsByPart {
  const gradients: GradientsByPart = new Map(Object.keys(parts).map((part) => [part, new Map<string, tf.Tensor>()]));
  const ofPart = new Map(Object.keys(parts).map((part) => [part, new Map<string, tf.Tensor1D>()]));
  for (const [key, tensor] of tensors) {
    const [kind, part, ...name] = key.split('/') as [string, string, ...string[]];
    if (kind === gradient) gradients.get(part)!.set(name.join('/'), tensor);
    else ofPart.get(part)!.set(name.join('/'), tensor as tf.Tensor1D);
  }
  for (const [part, { statistics }] of Object.entries(parts)) {
    const own = [...counts].filter(([name]) => name.startsWith(`${part}/`));
    statistics.put({
      tensors: ofPart.get(part)!,
      counts: new Map(own.map(([name, count]) => [name.slice(part.length + 1), count])),
    });
  }
  return gradients;
}

/** Frees the tensors of sums. */
export function disposeSums(sums: MicroSums | undefined): void {
  if (sums) tf.dispose([...sums.tensors.values()]);
}
