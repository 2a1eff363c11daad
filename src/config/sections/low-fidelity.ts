import type { z } from 'zod';
import type { Shape } from './number-kinds.js';

/** The paper's low-fidelity schedules (LoFi §3.3 and table 2), as parts of full fidelity. */
export const fidelities = ['s', 't', 'st', 'long', 'short'] as const;
type Fidelity = (typeof fidelities)[number];

/** When the shape of a batch changes: every so many epochs (long cycle) or batches (short cycle). */
export interface Cycle {
  unit: 'epoch' | 'batch';
  length: number;
}

/** What `joint` says of fidelity; null: by the schedule's name. */
export interface StatedFidelity {
  fidelity: Fidelity | null;
  shapes: Shape[] | null;
  cycle: { unit: Cycle['unit'] | null; length: number | null };
}

/** The section `joint` with its shapes and cycle written out. A list of shapes beside a name is an issue at `joint.fidelity`. */
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

/** The shapes of a schedule, each a quarter of `full` in pixels: 100 × 224 gives 100 × 112, 25 × 224 and 50 × 158. */
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
