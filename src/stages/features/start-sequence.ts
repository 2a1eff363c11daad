import type { Features } from '../../checkpoints/feature-store.js';
import { predictionPrefix } from '../../models/heads/prediction-channel.js';
import { sequencePrefix } from '../../models/heads/sequence-channels.js';
import type { Parameters } from '../../models/parameters.js';
import { tensorName } from '../../models/parts.js';
import { importState, type State } from '../../models/state.js';
import { assignMoments, momentsOf } from './moments.js';
import type { PretrainedSequence } from './pretrained-sequence.js';

/**
 * Sets what a head has of LSTMs before it is trained: from what `pretext` has learnt, or, where there is nothing, the
 * scale of features from those of training. Does nothing for a head without an LSTM.
 */
export function startSequence(
  parameters: Parameters,
  pretext: PretrainedSequence | null,
  training: readonly Features[],
): void {
  const prefixes = [sequencePrefix, predictionPrefix];
  const specs = parameters.specs.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
  if (specs.length === 0) return;
  if (pretext) {
    importState(parameters, forHead(pretext.state(), prefixes), 'the LSTM of pretext', '', specs);
    return;
  }
  assignMoments(parameters, momentsOf(training, training[0]!.shape[1]), sequencePrefix);
}

/** The tensors of a checkpoint of `pretext` under the names that a head has for them. */
function forHead(state: State, prefixes: readonly string[]): State {
  const part = tensorName('sequence', '');
  const own = [...state].filter(([name]) => name.startsWith(part));
  return new Map(
    prefixes.flatMap((prefix) => own.map(([name, values]) => [prefix + name.slice(part.length), values] as const)),
  );
}
