import type { Config } from '../../config/schema.js';

/**
 * The largest values in a bundle of the sizes that no tensor of it tells. A bundle may come from anybody, and any of
 * these numbers could ask for more memory or time than there is. All are several times what was ever published.
 */
const most: Readonly<Record<string, number>> = {
  'full.size': 1024,
  'encoder.frames': 256,
  'encoder.stride': 10_000,
  'model.arp': 256,
  'model.lstm.block': 1024,
  'model.lstm.layers': 16,
  'model.inner': 256,
  'model.context': 256,
  'model.window.every': 10_000,
  'model.levels': 16,
  'model.stem': 64,
  'model.headLayers': 64,
  'model.attention': 16_385,
  'detect.keep': 10_000,
  'detect.classes': 10_000,
  'data.fps': 1000,
};

/** The most snippets that a head sees at once. G-TAD has an anchor for every two of them, the pyramid one for each. */
const mostSnippets = { gtad: 1024, pyramid: 16_384 };

/** The longest training video, in seconds. Videos are seen in windows of this length, so it must not be tiny either. */
const longestVideo = { least: 1, most: 1_000_000 };

/** What is not sane in the description of a bundle, in one phrase; undefined where all is. */
export function insane(config: Config, longest: number): string | undefined {
  const { full, model } = config;
  const above = (key: string, value: unknown, limit: number) =>
    typeof value === 'number' && value > limit ? `${key} is ${value} (at most ${limit})` : undefined;
  const problems = [
    ...Object.entries(most).map(([key, limit]) => above(key, valueAt(config, key), limit)),
    above('full.snippets', full.snippets, mostSnippets[model.window ? 'pyramid' : model.type]),
    above('model.window.snippets', model.window?.snippets, mostSnippets[model.type]),
    above('longest', longest, longestVideo.most),
    longest < longestVideo.least ? `longest is ${longest} (at least ${longestVideo.least})` : undefined,
  ];
  return problems.find((problem) => problem !== undefined);
}

function valueAt(config: Config, key: string): unknown {
  return key.split('.').reduce<unknown>((value, step) => (value as Record<string, unknown> | null)?.[step], config);
}
