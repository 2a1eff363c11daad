import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { requireSpace } from '../system/disk.js';
import { WorkError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files.js';
import { manifestNumbers, manifestOf, nameDamaged, removeWithManifest, sweep } from './checkpoint-folder.js';
import { encodeSafetensors, readSafetensors, readSafetensorsHeader, readTensors } from './formats/safetensors.js';
import { readSealedJson, sealJson } from './sealed.js';
import { hashTensors, type TensorData } from './formats/tensor.js';

/** The stages that train and so leave checkpoints (`extract` leaves features: {@link FeatureStore}). */
export type TrainedStage = 'pretrain' | 'joint' | 'head';

/** What a stage started from, by its content: a checkpoint, or features that others made. */
export interface Origin {
  readonly stage: TrainedStage | 'extract';
  /** Of features: videos. */
  readonly step: number;
  readonly sha256: string;
}

/** A checkpoint of this or another stage of the run, by its content. */
export interface CheckpointRef extends Origin {
  readonly stage: TrainedStage;
}

/** The best value so far of the metric that a stage is judged by, and the step that reached it. */
export interface BestMetric {
  readonly metric: string;
  readonly value: number;
  readonly step: number;
}

/** What a stage gives the store to keep. */
export interface Checkpoint {
  /** What the tensors are, for people: `encoder`, `encoder + head`. */
  readonly what: string;
  /** Optimiser steps done. */
  readonly step: number;
  /** Epochs begun, a fraction within one. */
  readonly epoch: number;
  /** Everything of the next step that is a tensor: parameters, statistics, optimiser slots. */
  readonly tensors: ReadonlyMap<string, TensorData>;
  /** Hash of the part of the configuration that this stage depends on. */
  readonly configHash: string;
  /** What the stage started from. */
  readonly parent: Origin | null;
  /** Engine name and version. */
  readonly engine: string;
  readonly seed: number;
  /** Best so far; this checkpoint is the best when `best.step` is its own step. */
  readonly best: BestMetric | null;
  /** The stage is done: its last checkpoint. */
  readonly finished: boolean;
  /** Everything of the next step that is no tensor: schedule phase, sampler position, random streams, … Plain JSON. */
  readonly state: object;
}

/** `<step>.json` beside the tensors. A checkpoint without it does not exist. */
export interface CheckpointManifest extends Omit<Checkpoint, 'tensors'> {
  readonly stage: TrainedStage;
  /** {@link hashTensors} of the tensors. */
  readonly sha256: string;
}

/** A checkpoint that was read and verified. */
export interface LoadedCheckpoint {
  readonly manifest: CheckpointManifest;
  readonly tensors: Map<string, TensorData>;
}

/**
 * The checkpoints of one run folder: `store/<stage>/<step>.safetensors` with its manifest `<step>.json`, and for people
 * `latest` and `best`, which hold a step. One process writes at a time ({@link acquireRunLock}).
 * Nothing in it names a path, so the folder can be moved.
 */
export class RunStore {
  readonly #named = new Set<string>();

  constructor(readonly runFolder: string) {}

  /**
   * Keeps a checkpoint. The manifest is written last, so one that was interrupted is never seen. One of the same step
   * is replaced: its manifest alone where the tensors are the same.
   *
   * @returns The reference for those who start from it.
   * @throws WorkError when the disk refuses, caused by an error of code ENOSPC where it is full; the checkpoints before it are untouched.
   */
  save(stage: TrainedStage, checkpoint: Checkpoint): CheckpointRef {
    const { tensors, ...rest } = checkpoint;
    const { step, best } = rest;
    const sha256 = hashTensors(tensors);
    const file = this.#file(stage, step);
    const parts = encodeSafetensors(tensors);
    const manifest = sealJson({ ...rest, stage, sha256 } satisfies CheckpointManifest);
    const before = this.steps(stage).includes(step) ? this.#manifest(stage, step) : null;
    try {
      if (before?.sha256 !== sha256) {
        mkdirSync(this.#folder(stage), { recursive: true });
        requireSpace(
          this.#folder(stage),
          parts.reduce((bytes, part) => bytes + part.byteLength, manifest.length),
        );
        removeWithManifest(file);
        writeFileAtomic(file, ...parts);
      }
      writeFileAtomic(manifestOf(file), manifest);
      this.#point(stage, 'latest', step);
      if (best?.step === step) this.#point(stage, 'best', step);
    } catch (error) {
      throw new WorkError(`checkpoint not written: ${file} (${(error as Error).message}); those before it are kept`, {
        cause: error,
      });
    }
    return { stage, step, sha256 };
  }

  /**
   * Reads a checkpoint and verifies it to the bit. One that is damaged is named on stderr (`damaged: FILE`) and the one
   * before it is taken; the manifest says which it was.
   *
   * @param which - The newest, the best (the newest where there is no metric), or that of a step.
   * @returns null when there is none, or none that verifies.
   */
  load(stage: TrainedStage, which: 'latest' | 'best' | number): LoadedCheckpoint | null {
    for (const step of this.#candidates(stage, which)) {
      const loaded = this.#verified(stage, step, (file) => readSafetensors(file).tensors);
      if (loaded) return { manifest: loaded.manifest, tensors: loaded.tensors };
    }
    return null;
  }

  /** The steps that have a checkpoint, ascending; not verified. */
  steps(stage: TrainedStage): number[] {
    return manifestNumbers(this.#folder(stage));
  }

  /** The newest manifest that is not damaged, its tensors not looked at; null when there is none. */
  manifest(stage: TrainedStage): CheckpointManifest | null {
    for (const step of this.steps(stage).reverse()) {
      const manifest = this.#manifest(stage, step);
      if (manifest) return manifest;
    }
    return null;
  }

  /** Whether the stage was finished under this configuration and its last checkpoint verifies. */
  isFinished(stage: TrainedStage, configHash: string): boolean {
    const newest = this.#newestGood(stage, this.steps(stage));
    return newest !== null && newest.finished && newest.configHash === configHash;
  }

  /**
   * Deletes old checkpoints, and what interrupted writes left behind. Kept are the last few, those of every n-th step,
   * always the best and the newest that verifies.
   *
   * @param keepEvery - Steps that are multiples of it are kept for good.
   */
  prune(stage: TrainedStage, { keepLast, keepEvery }: { keepLast: number; keepEvery?: number }): void {
    const steps = this.steps(stage);
    const best = this.manifest(stage)?.best?.step;
    const kept = steps.filter(
      (step, i) => i >= steps.length - keepLast || step === best || (keepEvery !== undefined && step % keepEvery === 0),
    );
    const old = steps.filter((step) => !kept.includes(step));
    if (old.length > 0 && !this.#newestGood(stage, kept)) {
      const good = this.#newestGood(stage, old);
      old.splice(good ? old.indexOf(good.step) : 0, good ? 1 : 0);
    }
    for (const step of old) removeWithManifest(this.#file(stage, step));
    sweep(this.#folder(stage));
  }

  /**
   * Deletes the checkpoints after a step: a run that goes back to it (a rollback, a damaged newer one) abandons them.
   * With -1, all of the stage.
   */
  discardAfter(stage: TrainedStage, step: number): void {
    for (const newer of this.steps(stage).filter((other) => other > step)) removeWithManifest(this.#file(stage, newer));
    sweep(this.#folder(stage));
    const newest = this.manifest(stage);
    for (const [pointer, target] of [
      ['latest', newest?.step],
      ['best', newest?.best?.step],
    ] as const) {
      if (target === undefined) rmSync(path.join(this.#folder(stage), pointer), { force: true });
      else this.#point(stage, pointer, target);
    }
  }

  #candidates(stage: TrainedStage, which: 'latest' | 'best' | number): number[] {
    const descending = this.steps(stage).reverse();
    if (typeof which === 'number') return descending.includes(which) ? descending.filter((step) => step <= which) : [];
    // The sealed manifests are the truth; the pointer files are for people.
    const best = which === 'best' ? this.manifest(stage)?.best?.step : undefined;
    if (best === undefined || !descending.includes(best)) return descending;
    return [best, ...descending.filter((step) => step !== best)];
  }

  #newestGood(stage: TrainedStage, steps: readonly number[]): CheckpointManifest | null {
    for (const step of [...steps].reverse()) {
      const good = this.#verified(stage, step, (file) => readTensors(readSafetensorsHeader(file)));
      if (good) return good.manifest;
    }
    return null;
  }

  #verified<T extends Iterable<[string, TensorData]>>(stage: TrainedStage, step: number, read: (file: string) => T) {
    const manifest = this.#manifest(stage, step);
    if (!manifest) return null;
    const file = this.#file(stage, step);
    try {
      const tensors = read(file);
      if (hashTensors(tensors) === manifest.sha256) return { manifest, tensors };
    } catch {
      // Whatever is wrong with it, it is damaged.
    }
    this.#nameDamaged(file);
    return null;
  }

  #manifest(stage: TrainedStage, step: number): CheckpointManifest | null {
    const file = manifestOf(this.#file(stage, step));
    const manifest = readSealedJson(file) as CheckpointManifest | null;
    // A manifest copied from elsewhere is as wrong as a damaged one.
    if (manifest?.stage === stage && manifest.step === step) return manifest;
    this.#nameDamaged(file);
    return null;
  }

  #nameDamaged(file: string): void {
    if (this.#named.has(file)) return;
    this.#named.add(file);
    nameDamaged(file);
  }

  #folder(stage: TrainedStage): string {
    return path.join(this.runFolder, 'store', stage);
  }

  #file(stage: TrainedStage, step: number): string {
    return path.join(this.#folder(stage), `${step}.safetensors`);
  }

  #point(stage: TrainedStage, pointer: 'latest' | 'best', step: number): void {
    writeFileAtomic(path.join(this.#folder(stage), pointer), `${step}\n`);
  }
}
