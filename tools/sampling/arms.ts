import type { SamplerOptions } from '../../src/config/sections/sampler-section.js';

/** The samplers that are compared: the keys of `sampler` that differ from the defaults. */
export const samplingArms: Readonly<Record<string, Partial<SamplerOptions>>> = {
  shuffled: { type: 'shuffled' },
  history: { type: 'history' },
  'history, k 1': { type: 'history', k: 1 },
  classGaussian: { type: 'classGaussian' },
  model: { type: 'model' },
};

/**
 * The arms that a list names, separated by semicolons.
 *
 * @throws Error with the names that there are.
 */
export function armsOf(list: string): string[] {
  const names = list.split(';');
  const unknown = names.find((name) => !Object.hasOwn(samplingArms, name));
  if (unknown !== undefined)
    throw new Error(`--only: ${unknown} is not one of ${Object.keys(samplingArms).join('; ')}`);
  return names;
}
