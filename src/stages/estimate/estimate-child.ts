import type { Config } from '../../config/schema.js';
import { startEngine } from '../../engine/backend.js';
import { LofiError, UsageError } from '../../system/errors.js';
import { estimate, type Estimate } from './estimate.js';

/** What this process is asked. */
export interface EstimateAsked {
  config: Config;
  /** Channels of a feature that the head sees. */
  channels: number;
}

/** What it answers: an estimate, or an error that is the user's to read. */
export type EstimateAnswered = { estimate: Estimate } | { failed: string; exitCode: LofiError['exitCode'] };

async function answer({ config, channels }: EstimateAsked): Promise<EstimateAnswered> {
  try {
    if ((await startEngine()).name !== 'tensorflow') {
      throw new UsageError('estimate meters native TensorFlow: run lofi setup, or unset LOFI_ENGINE');
    }
    return { estimate: estimate(config, channels) };
  } catch (error) {
    if (!(error instanceof LofiError)) throw error;
    return { failed: error.message, exitCode: error.exitCode };
  }
}

process.once('message', (asked: EstimateAsked) => {
  void answer(asked).then((answered) => {
    process.send!(answered satisfies EstimateAnswered, () => {
      process.disconnect();
    });
  });
});
