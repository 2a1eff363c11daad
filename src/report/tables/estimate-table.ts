import { plainTable } from './metrics-table.js';

/** The parameters of a stage, and what one step takes at each of its shapes. */
interface Stage {
  parameters: number;
  shapes: readonly { shape: string; gflops: number; peak_gib: number }[];
}

/**
 * The table of an estimate for the terminal, with a row for each stage and shape.
 *
 * @param available - Free memory of this machine in GiB. Rows that need more are marked.
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
