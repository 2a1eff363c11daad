import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { latestFeatureManifest } from './feature-store.js';
import { RunStore, type BestMetric } from './run-store.js';

/** The progress of one stage of a run, from its newest manifest. */
export interface StageSummary {
  /** Optimiser steps done; for `extract` the number of videos. */
  readonly step: number;
  /** Hash of the newest checkpoint's tensors; for `extract`, of all features. */
  readonly sha256: string;
  readonly best: BestMetric | null;
  readonly finished: boolean;
  /** Steps that have a checkpoint; none for `extract`. */
  readonly checkpoints: readonly number[];
}

/** The stages that have a checkpoint or features, by name, in the order in which they run. */
export type RunSummary = Readonly<Record<string, StageSummary>>;

/**
 * Summarizes the progress of a run. Reads manifests, but no tensors.
 *
 * @param stages - The stages of the pipeline, in their order.
 */
export function summarizeRun(
  runFolder: string,
  stages: readonly { readonly name: string; readonly leaves: string }[],
): RunSummary {
  const store = new RunStore(runFolder);
  const summaries = stages.map(({ name, leaves }): [string, StageSummary | null] => [
    name,
    leaves === 'features' ? extractSummary(runFolder) : stageSummary(store, name),
  ]);
  return Object.fromEntries(summaries.filter((entry): entry is [string, StageSummary] => entry[1] !== null));
}

/** Whether a folder is a run folder. */
export function isRunFolder(folder: string): boolean {
  return existsSync(path.join(folder, 'store')) || existsSync(path.join(folder, 'config.yaml'));
}

/** Finds run folders at most `depth` levels below a folder, as sorted relative paths. Run folders are not searched. */
export function findRuns(folder: string, depth = 3): string[] {
  return subfolders(folder)
    .flatMap((name) => {
      const inner = path.join(folder, name);
      if (isRunFolder(inner)) return [name];
      return depth > 1 ? findRuns(inner, depth - 1).map((run) => path.join(name, run)) : [];
    })
    .sort();
}

function subfolders(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  } catch {
    return [];
  }
}

function stageSummary(store: RunStore, stage: string): StageSummary | null {
  const manifest = store.manifest(stage);
  if (!manifest) return null;
  const { step, sha256, best, finished } = manifest;
  return { step, sha256, best, finished, checkpoints: store.steps(stage) };
}

function extractSummary(runFolder: string): StageSummary | null {
  const manifest = latestFeatureManifest(runFolder);
  return manifest && { step: manifest.videos, sha256: manifest.sha256, best: null, finished: true, checkpoints: [] };
}
