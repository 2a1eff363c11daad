import { createHash } from 'node:crypto';
import { usualLstm } from './sections/model-section.js';
import { samplerKey, samplerTypes } from './sections/sampler-section.js';
import { isTree } from './tree.js';
import type { Config } from './schema.js';
import { stageFacts, type StageName } from './stages.js';

/** A key of a section, `section.key`. A misspelt key does not compile. */
type SectionKey = {
  [Section in keyof Config]: Config[Section] extends object ? `${Section}.${keyof Config[Section] & string}` : never;
}[keyof Config];

/**
 * Keys of `data` that change where and how data are read, but not their content. They are left out of hashes: a stage
 * identifies its data by the hash of their content.
 */
const fetching: readonly (keyof Config['data'])[] = [
  'root',
  'features',
  'unlabelled',
  'featureLayout',
  'prefetch',
  'processes',
  'memoryGiB',
  'cacheGiB',
  'cache',
  'stallSeconds',
  'trainVideos',
];

/** Keys within keys of a section that were added later. */
type NestedKey = 'data.synthetic.length' | 'head.classifier.sampler' | 'model.predictionError';

/** The key `sampler` as it is where nothing is stated of it. */
const shuffled = samplerKey(samplerTypes).parse({});

/**
 * Keys that were added after runs had been made, with the value that has no effect. A key with that value is left out
 * of hashes, so that the hashes of older runs stay valid.
 */
const later: Readonly<Partial<Record<SectionKey | NestedKey, unknown>>> = {
  'data.synthetic.length': 1,
  'data.fps': null,
  'data.still': 0,
  'encoder.aggregator': { type: 'mean' },
  'encoder.input': 'rgb',
  'encoder.window': null,
  'encoder.alexnet': null,
  'encoder.fusion': null,
  'model.arp': null,
  'model.sequence': 'none',
  'model.lstm': usualLstm,
  'model.predictionError': false,
  'segments.classifier': 'vector',
  'pretrain.lrSchedule': 'steps',
  'joint.lrSchedule': 'steps',
  'joint.optimizer': 'sgd',
  'joint.blend': 1,
  'joint.classes': true,
  'head.lrSchedule': 'steps',
  'head.optimizer': 'adam',
  'head.windows': 'grid',
  'head.views': 1,
  'pretrain.pcaColor': null,
  'pretrain.sampler': shuffled,
  'pretrain.transfer': 'all',
  'joint.sampler': shuffled,
  'head.sampler': shuffled,
  'head.classifier.sampler': shuffled,
  'detect.minScore': 0,
  'detect.voting': null,
};

/** The part of a configuration that decides a stage's result: the keys of {@link stageFacts}, and `data` in part. */
export function stageConfig(config: Config, stage: StageName): Record<string, unknown> {
  const data = Object.fromEntries(
    Object.entries(config.data).filter(([key]) => !fetching.includes(key as keyof Config['data'])),
  );
  const parts = { data, ...stageFacts(stage).dependsOn(config) };
  return Object.fromEntries(Object.entries(parts).map(([section, keys]) => [section, known(section, keys)]));
}

/** A section without the {@link later} keys that have no effect, at any depth. */
function known(name: string, value: unknown): unknown {
  if (!isTree(value)) return value;
  const effective = Object.entries(value).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(withoutEffect(`${name}.${key}`)),
  );
  return Object.fromEntries(effective.map(([key, value]) => [key, known(`${name}.${key}`, value)]));
}

/** The value of a {@link later} key that has no effect; undefined for other keys. */
function withoutEffect(name: string): unknown {
  return new Map<string, unknown>(Object.entries(later)).get(name);
}

/** The hash of {@link stageConfig}: 16 hexadecimal digits of its SHA-256. */
export function configHash(config: Config, stage: StageName): string {
  return createHash('sha256')
    .update(JSON.stringify(stageConfig(config, stage)))
    .digest('hex')
    .slice(0, 16);
}

/** The keys in which two trees differ, with both values: `joint.lr: 0.1 → 0.2`. */
export function differences(before: unknown, after: unknown, at = ''): string[] {
  if (isTree(before) && isTree(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], at ? `${at}.${key}` : key));
  }
  const [a, b] = [JSON.stringify(before), JSON.stringify(after)];
  return a === b ? [] : [`${at}: ${a} → ${b}`];
}
