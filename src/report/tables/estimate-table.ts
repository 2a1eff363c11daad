import { plainTable } from './metrics-table.js';

/** What one stage is about to take, at each of its shapes. */
interface Stage {
  parameters: number;
  shapes: readonly { shape: string; gflops: number; peak_gib: number }[];
}

/**
 * An estimate for the terminal: a row for each stage and shape.
 *
 * @param available - Memory that is free on this machine, GiB; rows above it are marked.
 */
export function estimateTable(stages: Readonly<Record<string, Stage>>, available: number): string {
  const table = plainTable(['stage', 'shape', 'parameters', 'GFLOP a step', 'peak GiB', '']);
  for (const [stage, { parameters, shapes }] of Object.entries(stages)) {
    for (const { shape, gflops, peak_gib } of shapes) {
      const mark = peak_gib > available ? 'too much' : '';
      table.push([stage, shape, parameters.toLocaleString('en'), gflops.toFixed(1), peak_gib.toFixed(2), mark]);
    }
  }
  return table.toString();
}
