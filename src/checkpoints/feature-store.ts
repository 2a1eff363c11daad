import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WorkError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files/files.js';
import { manifestNumbers, manifestOf, nameDamaged, removeWithManifest, sweep } from './checkpoint-folder.js';
import {
  encodeSafetensors,
  readSafetensorsHeader,
  readTensors,
  type SafetensorsHeader,
} from './formats/safetensors.js';
import { readSealedJson, sealJson } from './sealed.js';
import { hashOfHashes, hashTensor, type TensorData } from './formats/tensor.js';

/** The features of one video: row-major [L, C], snippets × channels. */
export interface Features {
  readonly data: Float32Array;
  readonly shape: readonly [snippets: number, channels: number];
}

/** `manifest.json` of a finished feature store. */
export interface FeatureManifest {
  readonly videos: number;
  /** Of all features, whatever their order and their files. */
  readonly sha256: string;
}

interface Place {
  readonly sha256: string;
  readonly header: SafetensorsHeader;
  readonly entry: SafetensorsHeader['entries'][number];
}

/** A video id may be any text; with a prefix it cannot meet a name that the format reserves. */
const prefix = 'video/';

/**
 * The name under which features are kept: anything that changes them belongs in `parts` (sha256 of the encoder, fidelity,
 * part of the configuration), so that stale ones are never found. 16 hexadecimal digits.
 */
export function featureKey(parts: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/**
 * The features that `extract` leaves in a run folder: `store/extract/<key>/` with shards `00000.safetensors`, each with
 * the hashes of its videos beside it (`00000.json`, written last), and a manifest once all are there. Interrupted and
 * opened again, it still has the shards that were written.
 */
export class FeatureStore {
  readonly #folder: string;
  readonly #places = new Map<string, Place>();
  readonly #pending = new Map<string, { tensor: TensorData; sha256: string }>();
  #pendingBytes = 0;

  /**
   * Opens or begins a store; reads no features.
   *
   * @param key - {@link featureKey}
   * @param sourceOf - The content of a video's file today. Features of the same video that were made of another file
   *   are not found, and so are made again.
   * @param shardBytes - A shard is written once this much waits in memory.
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

  has(videoId: string): boolean {
    return this.#places.has(videoId) || this.#pending.has(videoId);
  }

  /** Adds a video's features (copied). They are on disk after the next {@link flush}, or once a shard is full. */
  put(videoId: string, { data, shape }: Features): void {
    if (this.has(videoId)) throw new Error(`features of ${videoId} are there already`);
    const tensor: TensorData = { dtype: 'F32', shape, data: data.slice() };
    this.#pending.set(videoId, { tensor, sha256: hashTensor(tensor) });
    this.#pendingBytes += data.byteLength;
    if (this.#pendingBytes >= this.shardBytes) this.flush();
  }

  /** Writes what waits in memory as one shard. */
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
   * The features of a video, verified.
   *
   * @throws WorkError when they are damaged, or there are none.
   */
  get(videoId: string): Features {
    const place = this.#places.get(videoId);
    const tensor = place ? readVerified(place) : this.#pending.get(videoId)?.tensor;
    if (tensor === undefined) throw new WorkError(`no features of ${videoId} in ${this.#folder}; run lofi extract`);
    if (tensor === null) throw new WorkError(`damaged: ${place!.header.file}; run lofi extract again`);
    return { data: tensor.data as Float32Array, shape: tensor.shape as [number, number] };
  }

  /** The content of a video's features; null where there are none. Nothing is read. */
  sha256(videoId: string): string | null {
    return (this.#places.get(videoId) ?? this.#pending.get(videoId))?.sha256 ?? null;
  }

  /**
   * Reads everything. Damaged shards are named on stderr (`damaged: FILE`) and forgotten, all their videos with them.
   * To be called before a store is gone on with.
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

  /** Writes the rest and the manifest, makes this the store that summaries name (`latest`), and deletes shards of no use. */
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

  /** The manifest of a finished store whose every feature verifies (reads them all); else null. */
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

  /** A damaged shard holds nothing, so its number is free and its files are overwritten. */
  #freeNumber(): number {
    const used = this.#usedFiles();
    let shard = 0;
    while (used.has(shardFile(this.#folder, shard))) shard++;
    return shard;
  }
}

/** What the last finished feature store of a run says of itself, not verified; null when there is none. */
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
    const key = readFileSync(path.join(extractFolder(runFolder), 'latest'), 'utf8').trim();
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
