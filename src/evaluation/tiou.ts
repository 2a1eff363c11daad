import { UsageError } from '../system/errors.js';

/** A benchmark's thresholds and the names of the subset it evaluates on, the usual name first. */
export interface Preset {
  tiou: readonly number[];
  subsets: readonly string[];
}

/** `count` evenly spaced numbers from `start` to `stop` inclusive: the same doubles as `np.linspace`. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? stop : i * step + start));
}

/** The tIoU thresholds and subsets of the field's benchmarks. */
export const presets: Record<'activitynet' | 'thumos14' | 'hacs', Preset> = {
  activitynet: { tiou: linspace(0.5, 0.95, 10), subsets: ['validation'] },
  thumos14: { tiou: linspace(0.3, 0.7, 5), subsets: ['test', 'Test', 'testing'] },
  hacs: { tiou: linspace(0.5, 0.95, 10), subsets: ['validation'] },
};

/**
 * Parses thresholds given as `start:step:stop` (stop included) or as a comma-separated list.
 *
 * @throws UsageError when the text is neither, or a threshold is outside (0, 1].
 */
export function parseTiou(text: string): number[] {
  const range = text.split(':');
  const numbers = (range.length === 3 ? range : text.split(',')).map((part) =>
    part.trim() === '' ? Number.NaN : Number(part),
  );
  let thresholds = numbers;
  if (range.length === 3) {
    const [start, step, stop] = numbers as [number, number, number];
    const steps = Math.round((stop - start) / step);
    const fits = step > 0 && steps >= 0 && Math.abs(start + steps * step - stop) < step * 1e-6;
    if (!fits) throw new UsageError(`--tiou ${text}: start:step:stop needs a step that leads from start to stop`);
    thresholds = steps === 0 ? [start] : linspace(start, stop, steps + 1);
  }
  if (thresholds.some((t) => !(t > 0 && t <= 1))) {
    throw new UsageError(`--tiou ${text}: give start:step:stop or a comma-separated list, each in (0, 1]`);
  }
  return thresholds;
}
