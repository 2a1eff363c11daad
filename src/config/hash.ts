import { createHash } from 'node:crypto';
import { isTree } from './tree.js';
import type { Config } from './schema.js';
import { stageFacts, type StageName } from './stages.js';

/** A key of a section, `section.key`; a misspelt one does not compile. */
type SectionKey = {
  [Section in keyof Config]: Config[Section] extends object ? `${Section}.${keyof Config[Section] & string}` : never;
}[keyof Config];

/** Keys of `data` that change where and how data are read, not which. Stages know the data themselves by content. */
const fetching: readonly (keyof Config['data'])[] = [
  'root',
  'features',
  'featureLayout',
  'prefetch',
  'processes',
  'memoryGiB',
  'cacheGiB',
  'cache',
  'stallSeconds',
  'trainVideos',
];

/** Keys that came after runs had been made, with the value that changes nothing: at it they are no part of a hash. */
const later: Readonly<Partial<Record<SectionKey, unknown>>> = {
  'data.fps': null,
  'data.still': 0,
  'pretrain.lrSchedule': 'steps',
  'joint.lrSchedule': 'steps',
  'joint.optimizer': 'sgd',
  'joint.blend': 1,
  'joint.classes': true,
  'head.lrSchedule': 'steps',
  'head.optimizer': 'adam',
  'head.windows': 'grid',
  'head.views': 1,
  'detect.minScore': 0,
  'detect.voting': null,
};

/** The part of a configuration that decides a stage's result ({@link stageFacts}), with what of `data` does. */
export function stageConfig(config: Config, stage: StageName): Record<string, unknown> {
  const data = Object.fromEntries(
    Object.entries(config.data).filter(([key]) => !fetching.includes(key as keyof Config['data'])),
  );
  const parts = { data, ...stageFacts(stage).dependsOn(config) };
  return Object.fromEntries(Object.entries(parts).map(([section, keys]) => [section, known(section, keys)]));
}

/** A section without later keys that change nothing. */
function known(section: string, keys: unknown): unknown {
  if (!isTree(keys)) return keys;
  return Object.fromEntries(
    Object.entries(keys).filter(([key, value]) => {
      const name = `${section}.${key}`;
      return !Object.hasOwn(later, name) || JSON.stringify(value) !== JSON.stringify(later[name as SectionKey]);
    }),
  );
}

/** Hash of {@link stageConfig}: 16 hexadecimal digits. */
export function configHash(config: Config, stage: StageName): string {
  return createHash('sha256')
    .update(JSON.stringify(stageConfig(config, stage)))
    .digest('hex')
    .slice(0, 16);
}

/** The dotted keys in which two trees differ, with both values: `joint.lr: 0.1 → 0.2`. */
export function differences(before: unknown, after: unknown, at = ''): string[] {
  if (isTree(before) && isTree(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], at ? `${at}.${key}` : key));
  }
  const [a, b] = [JSON.stringify(before), JSON.stringify(after)];
  return a === b ? [] : [`${at}: ${a} → ${b}`];
}
