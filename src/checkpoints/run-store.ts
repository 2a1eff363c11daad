import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { requireSpace } from '../system/files/disk.js';
import { WorkError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files/files.js';
import { manifestNumbers, manifestOf, nameDamaged, removeWithManifest, sweep } from './checkpoint-folder.js';
import { encodeSafetensors, readSafetensors, readSafetensorsHeader, readTensors } from './formats/safetensors.js';
import { readSealedJson, sealJson } from './sealed.js';
import { hashTensors, notFinite, type TensorData } from './formats/tensor.js';

/** The start of a stage: a checkpoint of another stage, or features (`extract`), identified by content. */
export interface Origin {
  readonly stage: string;
  /** Optimiser steps; for `extract`, the number of videos. */
  readonly step: number;
  /** Hash of the tensors. */
  readonly sha256: string;
}

/** Data that a stage was made from, identified by content. */
export interface Input {
  readonly sha256: string;
  /** A description for people: `31 instances in 9 videos`. */
  readonly says: string;
}

/**
 * What a stage was made from, besides its configuration. If any of it or the configuration changes, the stage is
 * outdated.
 */
export interface MadeOf {
  readonly parents: readonly Origin[];
  /** Inputs by name: `instances of training`, `encoder.weights`. */
  readonly inputs: Readonly<Record<string, Input>>;
  /** Names of the classes that the stage learns, in the order of their numbers; null where it learns none. */
  readonly classes: readonly string[] | null;
}

/** The best value so far of the metric that a stage is judged by, and the step that reached it. */
export interface BestMetric {
  readonly metric: string;
  readonly value: number;
  readonly step: number;
}

/** A checkpoint as a stage hands it to the store. */
export interface Checkpoint extends MadeOf {
  /** A description of the tensors for people: `encoder`, `encoder + head`. */
  readonly what: string;
  /** Optimiser steps done. */
  readonly step: number;
  /** Time in epochs, with fractions. */
  readonly epoch: number;
  /** All tensors that the next step depends on: parameters, statistics, optimiser slots. */
  readonly tensors: ReadonlyMap<string, TensorData>;
  /** Hash of the part of the configuration that the stage depends on. */
  readonly configHash: string;
  /** Engine name and version. */
  readonly engine: string;
  readonly seed: number;
  /** The best value so far. This checkpoint is the best one if `best.step` is its own step. */
  readonly best: BestMetric | null;
  /** Whether the stage is done, so that this is its last checkpoint. */
  readonly finished: boolean;
  /** All other state that the next step depends on, such as the position in the schedule. Plain JSON. */
  readonly state: Readonly<Record<string, unknown>>;
}

const origin = z.object({ stage: z.string(), step: z.number(), sha256: z.string() });

/**
 * The manifest `<step>.json` beside a checkpoint's tensors. Tensors without a manifest do not count as a checkpoint.
 */
const manifestSchema = z.object({
  what: z.string(),
  step: z.int().nonnegative(),
  epoch: z.number(),
  configHash: z.string(),
  parents: z.array(origin).readonly(),
  inputs: z.record(z.string(), z.object({ sha256: z.string(), says: z.string() })),
  classes: z.array(z.string()).readonly().nullable(),
  engine: z.string(),
  seed: z.number(),
  best: z.object({ metric: z.string(), value: z.number(), step: z.number() }).nullable(),
  finished: z.boolean(),
  state: z.record(z.string(), z.unknown()),
  stage: z.string(),
  /** {@link hashTensors} of the tensors. */
  sha256: z.string(),
});
/** A checkpoint's manifest: everything but the tensors. */
export type CheckpointManifest = Readonly<z.output<typeof manifestSchema>>;

/** A checkpoint that was read and verified. */
export interface LoadedCheckpoint {
  readonly manifest: CheckpointManifest;
  readonly tensors: Map<string, TensorData>;
}

/**
 * The checkpoints of one run folder: `store/<stage>/<step>.safetensors`, each with its manifest `<step>.json`. The
 * files `latest` and `best`, which contain a step, are for people. Only one process may write at a time ({@link
 * acquireRunLock}). No file names a path, so the folder can be moved.
 */
export class RunStore {
  readonly #named = new Set<string>();

  constructor(readonly runFolder: string) {}

  /**
   * Writes a checkpoint. The manifest is written last, so an interrupted write leaves no checkpoint. A checkpoint of
   * the same step is replaced; where the tensors are the same, only its manifest is written.
   *
   * @returns A reference to the checkpoint, for stages that start from it.
   * @throws WorkError when writing fails; if the disk is full, its cause has the code ENOSPC. Earlier checkpoints stay.
   */
  save(stage: string, checkpoint: Checkpoint): Origin {
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
      throw new WorkError(
        `checkpoint not written: ${file} (${(error as Error).message}); earlier checkpoints are kept`,
        {
          cause: error,
        },
      );
    }
    return { stage, step, sha256 };
  }

  /**
   * Reads a checkpoint and verifies every bit of it. If it is damaged or a tensor is not finite, it is named on stderr
   * (`damaged: FILE`) and the next older one is read instead; the manifest tells which one was read.
   *
   * @param which - The newest, the best (the newest where there is no metric), or that of a step.
   * @returns null when no intact checkpoint exists.
   */
  load(stage: string, which: 'latest' | 'best' | number): LoadedCheckpoint | null {
    for (const step of this.#candidates(stage, which)) {
      const loaded = this.#verified(stage, step, (file) => readSafetensors(file).tensors);
      if (!loaded) continue;
      const wrong = notFinite(loaded.tensors);
      if (wrong === undefined) return loaded;
      this.#nameDamaged(`${this.#file(stage, step)}: ${wrong}`);
    }
    return null;
  }

  /** The steps that have a checkpoint, ascending. The checkpoints are not verified. */
  steps(stage: string): number[] {
    return manifestNumbers(this.#folder(stage));
  }

  /** The newest intact manifest, without verifying its tensors; null when there is none. */
  manifest(stage: string): CheckpointManifest | null {
    for (const step of this.steps(stage).reverse()) {
      const manifest = this.#manifest(stage, step);
      if (manifest) return manifest;
    }
    return null;
  }

  /**
   * A reference to the last checkpoint of a finished stage, whose tensors are verified.
   *
   * @returns null when the stage has no intact checkpoint, or the newest intact one is not its last.
   */
  finished(stage: string): Origin | null {
    const manifest = this.#newestGood(stage, this.steps(stage));
    return manifest?.finished ? { stage, step: manifest.step, sha256: manifest.sha256 } : null;
  }

  /**
   * Deletes old checkpoints, and files that interrupted writes left behind. The best checkpoint and the newest intact
   * one are always kept.
   *
   * @param keepLast - Number of newest checkpoints that are kept.
   * @param keepEvery - Checkpoints at multiples of this number of steps are kept.
   */
  prune(stage: string, { keepLast, keepEvery }: { keepLast: number; keepEvery?: number }): void {
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
   * Deletes the checkpoints after a step, when a run goes back to it (after a rollback, or because newer ones are
   * damaged). A step of -1 deletes all checkpoints of the stage.
   */
  discardAfter(stage: string, step: number): void {
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

  #candidates(stage: string, which: 'latest' | 'best' | number): number[] {
    const descending = this.steps(stage).reverse();
    if (typeof which === 'number') return descending.includes(which) ? descending.filter((step) => step <= which) : [];
    // Only the sealed manifests count; the files `latest` and `best` are for people.
    const best = which === 'best' ? this.manifest(stage)?.best?.step : undefined;
    if (best === undefined || !descending.includes(best)) return descending;
    return [best, ...descending.filter((step) => step !== best)];
  }

  #newestGood(stage: string, steps: readonly number[]): CheckpointManifest | null {
    for (const step of [...steps].reverse()) {
      const good = this.#verified(stage, step, (file) => readTensors(readSafetensorsHeader(file)));
      if (good) return good.manifest;
    }
    return null;
  }

  #verified<T extends Iterable<[string, TensorData]>>(stage: string, step: number, read: (file: string) => T) {
    const manifest = this.#manifest(stage, step);
    if (!manifest) return null;
    const file = this.#file(stage, step);
    try {
      const tensors = read(file);
      if (hashTensors(tensors) === manifest.sha256) return { manifest, tensors };
    } catch {
      // Any error means that the file is damaged.
    }
    this.#nameDamaged(file);
    return null;
  }

  #manifest(stage: string, step: number): CheckpointManifest | null {
    const file = manifestOf(this.#file(stage, step));
    const manifest = parseManifest(readSealedJson(file));
    // A manifest that was copied from another stage or step counts as damaged.
    if (manifest?.stage === stage && manifest.step === step) return manifest;
    this.#nameDamaged(file);
    return null;
  }

  #nameDamaged(file: string): void {
    if (this.#named.has(file)) return;
    this.#named.add(file);
    nameDamaged(file);
  }

  #folder(stage: string): string {
    return path.join(this.runFolder, 'store', stage);
  }

  #file(stage: string, step: number): string {
    return path.join(this.#folder(stage), `${step}.safetensors`);
  }

  #point(stage: string, pointer: 'latest' | 'best', step: number): void {
    writeFileAtomic(path.join(this.#folder(stage), pointer), `${step}\n`);
  }
}

/**
 * Parses a sealed manifest; null where no known version fits. Manifests of earlier versions name one `parent` and no
 * inputs, so their inputs count as changed.
 */
function parseManifest(content: object | null): CheckpointManifest | null {
  const { parent = null, ...rest } = (content ?? {}) as { parent?: unknown };
  const parents = parent === null ? [] : [parent];
  return manifestSchema.safeParse({ parents, inputs: {}, classes: null, ...rest }).data ?? null;
}
