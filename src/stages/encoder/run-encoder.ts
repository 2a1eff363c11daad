import type { Origin } from '../../checkpoints/run-store.js';
import type { Config } from '../../config/schema.js';
import { stageFacts, stagesBefore, type StageName } from '../../config/stages.js';
import { randomStream } from '../../engine/random.js';
import { buildEncoder } from '../../models/encoders/encoder-catalogue.js';
import type { Encoder } from '../../models/encoders/encoder.js';
import { Parameters } from '../../models/parameters.js';
import { importParts } from '../../models/parts.js';
import { UsageError } from '../../system/errors.js';
import { dataPath } from '../run/run-dataset.js';
import type { Run } from '../run/run.js';
import { toState } from '../training/snapshot.js';
import { loadEncoderWeights } from '../weights/encoder-weights.js';
import { imagenetWeights } from '../weights/imagenet.js';

/** An encoder and its parameters. Disposing of it frees the parameters. */
export interface LoadedEncoder extends Disposable {
  encoder: Encoder;
  parameters: Parameters;
}

/**
 * Where a stage's encoder starts: at the newest stage before it that has left one.
 *
 * @returns null where no such stage has begun; the encoder then starts from `encoder.weights`, or random.
 * @throws UsageError where that stage is not finished.
 */
export function startOf(run: EncoderRun, stage: StageName): Origin | null {
  const begun = encoderStagesBefore(run, stage).find((name) => run.store.steps(name).length > 0);
  if (begun === undefined) return null;
  const finished = run.store.finished(begun);
  if (!finished) throw new UsageError(`${begun} is not finished in ${run.folder}: run \`lofi ${begun}\` first`);
  return finished;
}

/** The parts of a run that say which encoder it has. */
type EncoderRun = Pick<Run, 'store' | 'folder' | 'config'>;

/** The stages before another one that leave an encoder under the run's configuration, the newest first. */
function encoderStagesBefore({ config }: EncoderRun, stage: StageName): StageName[] {
  return stagesBefore(stage, 'encoder').filter((name) => stageFacts(name).applies(config));
}

/** As {@link startOf}, for a stage that needs a trained encoder. Throws {@link UsageError} where there is none. */
export function encoderBefore(run: EncoderRun, stage: StageName): Origin {
  const start = startOf(run, stage);
  if (start) return start;
  const first = encoderStagesBefore(run, stage).at(-1) ?? 'pretrain';
  throw new UsageError(`${first} is not finished in ${run.folder}: run \`lofi ${first}\` first`);
}

/** The encoder that later stages, and detection, use: the newest that a stage before `extract` has left. */
export function trainedEncoder(run: EncoderRun): Origin {
  return encoderBefore(run, 'extract');
}

/** Loads the encoder that a finished stage has left. Throws {@link UsageError} when its checkpoint is damaged. */
export function openEncoder(run: Pick<Run, 'store' | 'folder' | 'config'>, { stage, step }: Origin): LoadedEncoder {
  const loaded = run.store.load(stage, step);
  if (loaded?.manifest.step !== step)
    throw new UsageError(`the last checkpoint of ${stage} in ${run.folder} is damaged: run \`lofi ${stage}\` again`);
  const opened = randomEncoder(run.config);
  try {
    importParts({ encoder: opened.parameters }, toState(loaded.tensors), `the encoder of ${stage}`);
    return opened;
  } catch (error) {
    opened.parameters.dispose();
    throw error;
  }
}

/** Makes the encoder with its initial weights: those of `encoder.weights`, or random ones. */
export function freshEncoder(config: Config): LoadedEncoder {
  const file = weightsFile(config);
  const opened = randomEncoder(config);
  try {
    if (file !== null) loadEncoderWeights(opened.parameters, file);
    return opened;
  } catch (error) {
    opened.parameters.dispose();
    throw error;
  }
}

/** The file that `encoder.weights` names; null where the encoder starts with random weights. */
function weightsFile(config: Config): string | null {
  const { type, weights } = config.encoder;
  if (weights === null) return null;
  return weights === 'imagenet' ? imagenetWeights(type) : dataPath(config, weights);
}

function randomEncoder({ encoder: keys, seed }: Config): LoadedEncoder {
  const encoder = buildEncoder(keys);
  return loadedEncoder(encoder, new Parameters(encoder.parameters, randomStream(seed, 'encoder')));
}

/** Joins an encoder and its parameters, which it owns from now on. */
export function loadedEncoder(encoder: Encoder, parameters: Parameters): LoadedEncoder {
  return {
    encoder,
    parameters,
    [Symbol.dispose]() {
      parameters.dispose();
    },
  };
}
