import type { z } from 'zod';
import type { Shape } from './number-kinds.js';

/** The paper's low-fidelity schedules (LoFi, table 2; docs/method.md §2.2, §2.3). */
export const fidelities = ['s', 't', 'st', 'long', 'short'] as const;
type Fidelity = (typeof fidelities)[number];

/** When the shape of a batch changes: after every `length` epochs (long cycle) or batches (short cycle). */
export interface Cycle {
  unit: 'epoch' | 'batch';
  length: number;
}

/** The keys of `joint` that state the fidelity. A null is filled in from the schedule's name. */
export interface StatedFidelity {
  fidelity: Fidelity | null;
  shapes: Shape[] | null;
  cycle: { unit: Cycle['unit'] | null; length: number | null };
}

/**
 * The section `joint` with its shapes and cycle written out.
 *
 * @param full - Full fidelity.
 * @param context - Gets an issue at `joint.fidelity` where both a name and a list of shapes are given.
 */
export function withLowFidelity<T extends StatedFidelity>(
  joint: T,
  full: Shape,
  context: z.RefinementCtx,
): Omit<T, keyof StatedFidelity> & { shapes: Shape[]; cycle: Cycle } {
  const { fidelity, shapes, cycle, ...rest } = joint;
  if (fidelity !== null && shapes !== null) {
    const message = `${fidelity} and joint.shapes: set one of them to null`;
    context.addIssue({ code: 'custom', path: ['joint', 'fidelity'], message });
  }
  const unit = cycle.unit ?? (fidelity === 'short' ? 'batch' : 'epoch');
  return {
    ...rest,
    shapes: shapes ?? lowFidelityShapes(fidelity ?? 'long', full),
    cycle: { unit, length: cycle.length ?? (unit === 'epoch' ? 1 : 16) },
  };
}

/**
 * The shapes of a schedule, each with a quarter of the pixels of `full`: for 100 × 224: 100 × 112, 25 × 224 and 50 ×
 * 158.
 */
export function lowFidelityShapes(fidelity: Fidelity, { snippets, size }: Shape): Shape[] {
  const s = { snippets, size: Math.round(size / 2) };
  const t = { snippets: Math.max(1, Math.round(snippets / 4)), size };
  const st = { snippets: Math.max(1, Math.round(snippets / 2)), size: Math.round(size / Math.SQRT2) };
  switch (fidelity) {
    case 's':
      return [s];
    case 't':
      return [t];
    case 'st':
      return [st];
    default:
      return [s, t, st];
  }
}
