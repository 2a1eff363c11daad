import type { Instance } from '../../dataset.js';
import { joinedStretches, wholeInstances, type UnlabelledStretch } from '../../unlabelled-stretches.js';
import type { Warning } from '../annotations.js';
import { mendInstances } from '../mend.js';
import type { OnTheClock } from './on-the-clock.js';

/** The seconds at which the picture of a video begins and ends; an end of 0 is not known. */
interface Shown {
  begin: number;
  end: number;
}

/** The labels of a video as its dataset has them, and what was said about them. */
interface MendedLabels {
  labels: { instances: Instance[]; unlabelled?: UnlabelledStretch[] };
  warnings: Warning[];
  /** The instances before they were mended. */
  annotated: readonly Instance[];
}

/**
 * Brings labels into the form of a dataset: gives point events their length, mends instances ({@link mendInstances}),
 * cuts unlabelled stretches to the video, and leaves out instances of which a part is in one.
 *
 * @param pointLength - Seconds that point events last; null: they are left out; absent: they are instances without
 *   length.
 */
export function mendedLabels(told: OnTheClock, shown: Shown, pointLength: number | null | undefined): MendedLabels {
  const points =
    pointLength === undefined
      ? { instances: told.instances, warnings: [] }
      : withPoints(told.instances, pointLength, shown);
  const mended = mendInstances(points.instances, shown.end, shown.begin);
  const limit = shown.end > 0 ? shown.end : Infinity;
  const { whole, cut, unlabelled } = wholeInstances(
    mended.instances,
    joinedStretches(told.unlabelled, shown.begin, limit),
  );
  const cutOff = cut.map(({ label, start, end }): Warning => {
    const [from, to] = [start, end].map((second) => Number(second.toFixed(3))) as [number, number];
    return {
      kind: 'instances that are not labelled wholly',
      text: `${JSON.stringify(label)} [${from}, ${to}] s left out: a part of it lies where nobody has labelled`,
    };
  });
  return {
    labels: { instances: whole, ...(unlabelled.length > 0 && { unlabelled }) },
    warnings: [...told.warnings, ...points.warnings, ...mended.warnings, ...cutOff],
    annotated: points.instances,
  };
}

/**
 * Gives point events a length, half of it before and half behind the moment, or leaves them out and says so.
 *
 * @param length - Seconds; null: they are left out.
 */
function withPoints(
  instances: readonly Instance[],
  length: number | null,
  { begin, end }: Shown,
): { instances: Instance[]; warnings: Warning[] } {
  const warnings: Warning[] = [];
  const limit = end > 0 ? end : Infinity;
  const lengthened = instances.flatMap((instance): Instance[] => {
    const { start: at, label } = instance;
    if (at !== instance.end) return [instance];
    if (length === null) {
      const moment = Number(at.toFixed(3));
      const text = `${JSON.stringify(label)} at ${moment} s left out: a point event; --point-length S gives it a length`;
      warnings.push({ kind: 'point events', text });
      return [];
    }
    // One outside the video stays as it is, so that it is told of like other instances there.
    if (at < begin || at > limit) return [{ start: at - length / 2, end: at + length / 2, label }];
    return [{ start: Math.max(begin, at - length / 2), end: Math.min(limit, at + length / 2), label }];
  });
  return { instances: lengthened, warnings };
}
