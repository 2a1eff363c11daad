import { nearest } from '../../system/nearest.js';
import type { Clip } from '../clips.js';
import { toDataset, videosOf, type Dataset, type Instance } from '../dataset.js';

/** `data.labels`: a map from annotated labels to the wanted ones, applied once; null drops the instances of a label. */
export type LabelMap = Readonly<Record<string, string | null>>;

/**
 * Renames the labels of a dataset. Where labels are merged, touching or overlapping instances stay separate, but of
 * instances that have become identical one is kept. For each name in the map that no instance has, there is a warning.
 */
export function mapLabels(dataset: Dataset, labels: LabelMap): { dataset: Dataset; warnings: string[] } {
  const mapped = dataset.videos.map((video) => ({ ...video, instances: distinct(relabel(video.instances, labels)) }));
  return { dataset: toDataset(mapped), warnings: unknownNames(labels, dataset.classes) };
}

/** Renames the labels of stage 1's clips. */
export function mapClipLabels<T extends Clip>(clips: readonly T[], labels: LabelMap): T[] {
  return relabel(clips, labels);
}

/**
 * Warnings about labels that occur in other subsets but not in `trainOn`, so that they cannot be learnt. There are none
 * if `trainOn` has no videos, since another subset will then be trained on.
 */
export function unseenLabels(dataset: Dataset, trainOn: string): string[] {
  const trained = videosOf(dataset, trainOn);
  if (trained.length === 0) return [];
  const { classes } = toDataset(trained);
  return dataset.classes
    .filter((label) => !classes.includes(label))
    .map((label) => `label ${JSON.stringify(label)} is in no video of subset "${trainOn}": it cannot be learnt`);
}

/** Removes repeated instances: those with equal start, end and label. */
function distinct(instances: readonly Instance[]): Instance[] {
  const first = new Map<string, Instance>();
  for (const instance of instances) {
    const key = JSON.stringify([instance.start, instance.end, instance.label]);
    if (!first.has(key)) first.set(key, instance);
  }
  return [...first.values()];
}

function relabel<T extends { label: string }>(items: readonly T[], labels: LabelMap): T[] {
  return items.flatMap((item) => {
    // The prototype's properties must not count: a label may be called `constructor`.
    const label = Object.hasOwn(labels, item.label) ? (labels[item.label] ?? null) : item.label;
    return label === null ? [] : [{ ...item, label }];
  });
}

function unknownNames(labels: LabelMap, known: readonly string[]): string[] {
  return Object.keys(labels)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`;
      return `data.labels: no instance is labelled ${JSON.stringify(name)}${hint}`;
    });
}
