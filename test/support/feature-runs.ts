import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Features } from '../../src/checkpoints/feature-store.js';
import { configSchema, type Config } from '../../src/config/schema.js';
import { randomStream } from '../../src/engine/random.js';
import { trainedEncoder } from '../../src/stages/encoder/run-encoder.js';
import { featureStore } from '../../src/stages/features/extracted-features.js';
import { pretrain } from '../../src/stages/pretrain/pretrain-stage.js';
import { openRun, type Run } from '../../src/stages/run/run.js';

/** Channels of the smallest encoder of {@link tiny}. */
export const channels = 64;

/** A configuration whose head trains in a second. */
export const tiny = {
  encoder: { width: 8 },
  model: { h1: 16, h2: 8, h3: 16, groups: 4, width: 16, inner: 4, context: 2 },
  full: { snippets: 16, size: 32 },
  pretrain: { epochs: 0 },
  head: { epochs: 2, batch: 3, lr: 1e-2, lrSteps: [], classifier: { epochs: 5 } },
  detect: { keep: 50 },
};

/**
 * ActivityNet's annotations of six training and three validation videos of 20 s with two classes. The ids
 * are difficult as file names.
 */
export function annotations(): {
  database: Record<string, { subset: string; duration: number; annotations: object[] }>;
} {
  const video = (i: number) => {
    const start = randomStream(3, 'annotations', i).between(1, 9);
    return {
      subset: i < 6 ? 'training' : 'validation',
      duration: 20,
      annotations: [{ segment: [start, start + 8], label: i % 2 === 0 ? 'jump' : 'wave' }],
    };
  };
  return { database: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`-v${i} é`, video(i)])) };
}

/** Writes {@link annotations} into a folder. */
export function writeAnnotations(folder: string): string {
  const file = path.join(folder, 'annotations.json');
  writeFileSync(file, JSON.stringify(annotations()));
  return file;
}

/** Features in which the actions can be seen: `[snippets, channels]` by video id. */
export function seededFeatures(snippets = 16): Map<string, Features> {
  const { database } = annotations();
  return new Map(
    Object.entries(database).map(([id, { duration, annotations: list }]) => {
      const [{ segment, label }] = list as [{ segment: [number, number]; label: string }];
      const random = randomStream(4, 'features', id);
      const data = new Float32Array(snippets * channels);
      for (let i = 0; i < data.length; i++) {
        const time = ((Math.floor(i / channels) + 0.5) / snippets) * duration;
        const acting = time >= segment[0] && time < segment[1];
        const own = i % 2 === (label === 'jump' ? 0 : 1);
        data[i] = random.between(0, 1) + (acting && own ? 1 : 0);
      }
      return [id, { data, shape: [snippets, channels] as const }];
    }),
  );
}

/** A configuration that trains on published features. */
export function published(folder: string, features: string, change: object = {}): Config {
  const { data = {}, ...rest } = change as { data?: object };
  return configSchema.parse({
    ...tiny,
    data: { root: folder, annotations: 'annotations.json', features, ...data },
    ...rest,
  });
}

/** Writes one file a video. */
export function writeFeatures(
  folder: string,
  extension: string,
  encode: (features: Features) => string | Uint8Array,
  features = seededFeatures(),
): string {
  mkdirSync(folder, { recursive: true });
  for (const [id, matrix] of features) writeFileSync(path.join(folder, `${id}${extension}`), encode(matrix));
  return folder;
}

/** A run that has come as far as `extract`: an encoder as it starts, and features as if it had made them. */
export async function extractedRun(folder: string, dataset: string): Promise<Run> {
  const run = await openRun(folder, configSchema.parse({ ...tiny, data: { dataset } }));
  await pretrain.run(run);
  const store = featureStore(run, trainedEncoder(run).sha256);
  for (const [id, features] of seededFeatures()) store.put(id, features);
  store.finish();
  return run;
}
