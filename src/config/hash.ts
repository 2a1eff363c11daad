import { createHash } from 'node:crypto';
import type { Config } from './schema.js';

export type Stage = 'pretrain' | 'joint' | 'extract' | 'head';

/** The sections that a stage's result depends on; what comes before it, it knows by the checkpoint it starts from. */
const sections: Record<Stage, readonly (keyof Config)[]> = {
  pretrain: ['seed', 'encoder', 'precision', 'pretrain'],
  joint: ['seed', 'encoder', 'precision', 'model', 'joint'],
  extract: ['seed', 'encoder', 'full'],
  head: ['seed', 'full', 'model', 'head', 'detect', 'evaluation'],
};

/** Keys of `data` that change where and how data are read, not which; published features are known by their content. */
const fetching = [
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

/** Keys that came after runs had been made, with the value under which all is as it was: at it they are no part of a hash. */
const later: Readonly<Record<string, unknown>> = {
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

/** The part of a configuration that decides a stage's result. */
export function stageConfig(config: Config, stage: Stage): Record<string, unknown> {
  const data = Object.fromEntries(Object.entries(config.data).filter(([key]) => !fetching.includes(key)));
  const all = { ...config, data };
  // Of long videos stage 2 sees windows of `full.snippets`.
  const windows = stage === 'joint' && config.model.window ? (['full'] as const) : [];
  const parts = ['data' as const, ...sections[stage], ...windows];
  return Object.fromEntries(parts.map((section) => [section, known(section, all)]));
}

/** A section without later keys that change nothing. */
function known(section: keyof Config, config: Record<keyof Config, unknown>): unknown {
  const keys = config[section];
  if (!isTree(keys)) return keys;
  return Object.fromEntries(
    Object.entries(keys).filter(([key, value]) => {
      const name = `${section}.${key}`;
      return !(name in later) || JSON.stringify(value) !== JSON.stringify(later[name]);
    }),
  );
}

/** Hash of {@link stageConfig}: 16 hexadecimal digits. */
export function configHash(config: Config, stage: Stage): string {
  return createHash('sha256')
    .update(JSON.stringify(stageConfig(config, stage)))
    .digest('hex')
    .slice(0, 16);
}

/** The dotted keys in which two trees differ, with both values. */
export function differences(before: unknown, after: unknown, at = ''): string[] {
  if (isTree(before) && isTree(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], at ? `${at}.${key}` : key));
  }
  const [a, b] = [JSON.stringify(before), JSON.stringify(after)];
  return a === b ? [] : [`${at}: ${a} → ${b}`];
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
