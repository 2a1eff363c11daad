import type { Initializer, ParameterSpec } from '../../parameters.js';

/**
 * A parameter `aggregator.<name>` of a codebook, which is fitted and not trained: `[K, D]`, or `[K]` where `channels`
 * is null. Its initial values stand only until it is fitted.
 */
export function codebookSpec(
  name: string,
  words: number,
  channels: number | null,
  init: Initializer = { type: 'normal', deviation: 1 },
): ParameterSpec {
  return {
    name: `aggregator.${name}`,
    kind: channels === null ? 'vector' : 'codebook',
    shape: channels === null ? [words] : [words, channels],
    init,
    trainable: false,
  };
}
