import { nearest } from '../../system/nearest.js';
import type { Clip } from '../clips.js';
import { toDataset, videosOf, type Dataset, type Instance } from '../dataset.js';

/** `data.labels`: from a label of the annotations to the label wanted, each taken once; null drops what bears it. */
export type LabelMap = Readonly<Record<string, string | null>>;

/**
 * A dataset under other labels. Instances that touch or overlap after a merge stay apart; of those that have become the same, one stays.
 * A name in the map that no instance bears changes nothing and is worth a warning.
 */
export function mapLabels(dataset: Dataset, labels: LabelMap): { dataset: Dataset; warnings: string[] } {
  const mapped = dataset.videos.map((video) => ({ ...video, instances: distinct(relabel(video.instances, labels)) }));
  return { dataset: toDataset(mapped), warnings: unknownNames(labels, dataset.classes) };
}

/** The clips of stage 1 under other labels. */
export function mapClipLabels<T extends Clip>(clips: readonly T[], labels: LabelMap): T[] {
  return relabel(clips, labels);
}

/**
 * Warnings of labels that other subsets bear but `trainOn` does not: nothing can learn them. None where `trainOn` is empty, since then it is
 * not the subset that will be trained on.
 */
export function unseenLabels(dataset: Dataset, trainOn: string): string[] {
  const trained = videosOf(dataset, trainOn);
  if (trained.length === 0) return [];
  const { classes } = toDataset(trained);
  return dataset.classes
    .filter((label) => !classes.includes(label))
    .map((label) => `label ${JSON.stringify(label)} is in no video of subset "${trainOn}": it cannot be learnt`);
}

/** The first of each instance; two are the same when start, end and label are. */
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
    // Annotations may call a label `constructor`.
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
