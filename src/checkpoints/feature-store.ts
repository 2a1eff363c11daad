import { createHash } from 'node:crypto';
import path from 'node:path';
import { WorkError } from '../system/errors.js';
import { readText, writeFileAtomic } from '../system/files/files.js';
import { manifestNumbers, manifestOf, nameDamaged, removeWithManifest, sweep } from './checkpoint-folder.js';
import {
  encodeSafetensors,
  readSafetensorsHeader,
  readTensors,
  type SafetensorsHeader,
} from './formats/safetensors.js';
import { readSealedJson, sealJson } from './sealed.js';
import { hashOfHashes, hashTensor, requireFiniteTensor, type TensorData } from './formats/tensor.js';

/** The features of one video: `[L, C]` (snippets × channels), row-major. */
export interface Features {
  readonly data: Float32Array;
  readonly shape: readonly [snippets: number, channels: number];
}

/** `manifest.json` of a finished feature store. */
export interface FeatureManifest {
  readonly videos: number;
  /** Hash of all features, independent of their order and of the files that hold them. */
  readonly sha256: string;
}

/** The place of a video's features in a shard. */
interface Place {
  readonly sha256: string;
  readonly header: SafetensorsHeader;
  readonly entry: SafetensorsHeader['entries'][number];
}

/** Prefix of tensor names, so that a video id, which may be any text, cannot be a name that the format reserves. */
const prefix = 'video/';

/**
 * The name of a feature store: 16 hexadecimal digits.
 *
 * @param parts - Everything that the features depend on (sha256 of the encoder, fidelity, part of the configuration),
 *   so that outdated features are never found.
 */
export function featureKey(parts: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/**
 * The features that `extract` leaves in the folder `store/extract/<key>/` of a run: shards `00000.safetensors`, each
 * with a file `00000.json` (written last) of its videos' hashes, and a manifest once all features are there. A store
 * that is opened again after an interruption still has the shards that were written.
 */
export class FeatureStore {
  readonly #folder: string;
  readonly #places = new Map<string, Place>();
  readonly #pending = new Map<string, { tensor: TensorData; sha256: string }>();
  #pendingBytes = 0;

  /**
   * Opens a store, or begins one. Reads no features.
   *
   * @param key - {@link featureKey}
   * @param sourceOf - The hash of a video's file today. Features that were made from another content of the file are
   *   not found, so that they are made again.
   * @param shardBytes - A shard is written once this many bytes of features wait in memory.
   */
  constructor(
    private readonly runFolder: string,
    readonly key: string,
    private readonly sourceOf: (videoId: string) => string = () => '',
    private readonly shardBytes = 2 ** 28,
  ) {
    this.#folder = path.join(extractFolder(runFolder), key);
    for (const shard of manifestNumbers(this.#folder)) this.#openShard(shard);
  }

  /** Whether the store has features of a video. */
  has(videoId: string): boolean {
    return this.#places.has(videoId) || this.#pending.has(videoId);
  }

  /**
   * Adds a copy of a video's features. They are on disk after the next {@link flush}, or once a shard is full.
   *
   * @throws Error when the store has features of the video already; WorkError when writing fails.
   */
  put(videoId: string, { data, shape }: Features): void {
    if (this.has(videoId)) throw new Error(`features of ${videoId} are there already`);
    const tensor: TensorData = { dtype: 'F32', shape, data: data.slice() };
    this.#pending.set(videoId, { tensor, sha256: hashTensor(tensor) });
    this.#pendingBytes += data.byteLength;
    if (this.#pendingBytes >= this.shardBytes) this.flush();
  }

  /** Writes the features that wait in memory as one shard. Throws WorkError when writing fails. */
  flush(): void {
    if (this.#pending.size === 0) return;
    const shard = this.#freeNumber();
    const file = shardFile(this.#folder, shard);
    const tensors = new Map([...this.#pending].map(([id, { tensor }]) => [prefix + id, tensor]));
    const videos = [...this.#pending].map(([id, { sha256 }]) => [id, sha256, this.sourceOf(id)]);
    write(file, ...encodeSafetensors(tensors));
    write(manifestOf(file), sealJson({ videos }));
    this.#pending.clear();
    this.#pendingBytes = 0;
    this.#openShard(shard);
  }

  /**
   * Reads the features of a video and verifies them.
   *
   * @throws WorkError when the features are damaged or missing.
   */
  get(videoId: string): Features {
    const place = this.#places.get(videoId);
    const tensor = place ? readVerified(place) : this.#pending.get(videoId)?.tensor;
    if (tensor === undefined) throw new WorkError(`no features of ${videoId} in ${this.#folder}; run lofi extract`);
    if (tensor === null) throw new WorkError(`damaged: ${place!.header.file}; run lofi extract again`);
    requireFiniteTensor(videoId, tensor, `features of ${place?.header.file ?? this.#folder}`);
    return { data: tensor.data as Float32Array, shape: tensor.shape as [number, number] };
  }

  /** The hash of a video's features, without reading them; null where there are none. */
  sha256(videoId: string): string | null {
    return (this.#places.get(videoId) ?? this.#pending.get(videoId))?.sha256 ?? null;
  }

  /**
   * Reads all features. Damaged shards are named on stderr (`damaged: FILE`) and forgotten with all their videos. Call
   * this before resuming an unfinished store.
   */
  verify(): void {
    const damaged = new Set<string>();
    for (const place of this.#places.values()) {
      const { file } = place.header;
      if (!damaged.has(file) && readVerified(place) === null) damaged.add(file);
    }
    for (const [id, { header }] of this.#places) if (damaged.has(header.file)) this.#places.delete(id);
    for (const file of damaged) nameDamaged(file);
  }

  /**
   * Writes the waiting features and the manifest, and deletes unused shards.
   *
   * @param options.latest - Whether summaries of the run name this store from now on (file `latest`).
   * @throws WorkError when writing fails.
   */
  finish({ latest = true } = {}): FeatureManifest {
    this.flush();
    const used = this.#usedFiles();
    for (const shard of manifestNumbers(this.#folder)) {
      const file = shardFile(this.#folder, shard);
      if (!used.has(file)) removeWithManifest(file);
    }
    sweep(this.#folder);
    const manifest: FeatureManifest = { videos: this.#places.size, sha256: this.#contentOfAll() };
    write(manifestFile(this.#folder), sealJson(manifest));
    if (latest) write(path.join(extractFolder(this.runFolder), 'latest'), `${this.key}\n`);
    return manifest;
  }

  /**
   * The manifest of a finished store, after reading and verifying all features; null where it is not finished or
   * damaged.
   */
  finished(): FeatureManifest | null {
    const manifest = readSealedJson(manifestFile(this.#folder)) as FeatureManifest | null;
    if (manifest === null) return null;
    this.verify();
    return this.#contentOfAll() === manifest.sha256 ? manifest : null;
  }

  #contentOfAll(): string {
    return hashOfHashes([...this.#places].map(([id, { sha256 }]) => [id, sha256]));
  }

  #openShard(shard: number): void {
    const file = shardFile(this.#folder, shard);
    const sidecar = readSealedJson(manifestOf(file)) as {
      videos: [id: string, sha256: string, source?: string][];
    } | null;
    if (sidecar === null) {
      nameDamaged(manifestOf(file));
      return;
    }
    try {
      const header = readSafetensorsHeader(file);
      const entries = new Map(header.entries.map((entry) => [entry.name, entry]));
      const places = sidecar.videos.flatMap(([id, sha256, source]): [string, Place][] => {
        const entry = entries.get(prefix + id);
        if (!entry) throw new Error(`no features of ${id}`);
        return source === this.sourceOf(id) ? [[id, { sha256, header, entry }]] : [];
      });
      for (const [id, place] of places) this.#places.set(id, place);
    } catch {
      nameDamaged(file);
    }
  }

  #usedFiles(): Set<string> {
    return new Set([...this.#places.values()].map(({ header }) => header.file));
  }

  /** The first unused shard number. That of a damaged shard counts as unused, so its files are overwritten. */
  #freeNumber(): number {
    const used = this.#usedFiles();
    let shard = 0;
    while (used.has(shardFile(this.#folder, shard))) shard++;
    return shard;
  }
}

/** The manifest of the last finished feature store of a run, without verifying features; null when there is none. */
export function latestFeatureManifest(runFolder: string): FeatureManifest | null {
  const key = latestKey(runFolder);
  if (key === null) return null;
  return readSealedJson(manifestFile(path.join(extractFolder(runFolder), key))) as FeatureManifest | null;
}

function write(file: string, ...parts: (string | Uint8Array)[]): void {
  try {
    writeFileAtomic(file, ...parts);
  } catch (error) {
    throw new WorkError(`features not written: ${file} (${(error as Error).message})`, { cause: error });
  }
}

function readVerified({ sha256, header, entry }: Place): TensorData | null {
  try {
    const [[, tensor]] = [...readTensors(header, [entry])] as [[string, TensorData]];
    return hashTensor(tensor) === sha256 ? tensor : null;
  } catch {
    return null;
  }
}

function latestKey(runFolder: string): string | null {
  try {
    const key = readText(path.join(extractFolder(runFolder), 'latest'), 'pointer', 100).trim();
    return /^[0-9a-f]+$/.test(key) ? key : null;
  } catch {
    return null;
  }
}

function extractFolder(runFolder: string): string {
  return path.join(runFolder, 'store', 'extract');
}

function manifestFile(folder: string): string {
  return path.join(folder, 'manifest.json');
}

function shardFile(folder: string, shard: number): string {
  return path.join(folder, `${String(shard).padStart(5, '0')}.safetensors`);
}
