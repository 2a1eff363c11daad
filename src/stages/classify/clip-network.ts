import * as tf from '@tensorflow/tfjs-core';
import type { RunStore } from '../../checkpoints/run-store.js';
import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import { softmax } from '../../evaluation/classification/hits.js';
import { Classifier } from '../../models/classifier.js';
import { Parameters } from '../../models/parameters.js';
import { importParts } from '../../models/parts.js';
import { concatenated } from '../../system/concatenated.js';
import { UsageError } from '../../system/errors.js';
import { Owned } from '../../system/owned.js';
import { openEncoder } from '../encoder/run-encoder.js';
import type { ClipBatch } from '../pretrain/clip-batches.js';
import { toState } from '../training/snapshot.js';

/** The encoder and the classifier of clips that stage 1 has left. Disposing of it frees both. */
export interface ClipNetwork extends Disposable {
  /** The softmax of each sample of a batch, `[N][K]`. */
  softmaxes(batch: ClipBatch): Float64Array[];
}

interface TrainedRun {
  folder: string;
  config: Config;
  store: RunStore;
}

/**
 * The names of the classes that stage 1 of a run tells apart.
 *
 * @throws UsageError when the run has no finished stage 1, or one without a classifier.
 */
export function clipClasses({ folder, config, store }: TrainedRun): readonly string[] {
  if (config.data.features !== null)
    throw new UsageError(`${folder} was trained on published features: it has no stage 1 to classify clips with`);
  if (config.pretrain.epochs === 0)
    throw new UsageError(
      `${folder} has no classifier of clips: with pretrain.epochs 0 stage 1 keeps the encoder as it was given`,
    );
  const classes = store.finished('pretrain') && store.manifest('pretrain')?.classes;
  if (!classes) throw new UsageError(`pretrain is not finished in ${folder}: run \`lofi pretrain\` first`);
  return classes;
}

/**
 * Loads the last checkpoint of stage 1, which later stages start from.
 *
 * @throws UsageError as {@link clipClasses}, or when the checkpoint is damaged.
 */
export function openClipNetwork(run: TrainedRun): ClipNetwork {
  const classes = clipClasses(run);
  const origin = run.store.finished('pretrain')!;
  const owned = new Owned();
  try {
    const { encoder, parameters } = owned.add(openEncoder(run, origin));
    const classifier = new Classifier(encoder.channels, classes.length, 0);
    const own = owned.add(new Parameters(classifier.parameters, randomStream(run.config.seed, 'classify')));
    importParts({ classifier: own }, toState(run.store.load('pretrain', origin.step)!.tensors), 'the classifier');
    return {
      softmaxes({ frames, shape: { frames: count, size } }) {
        const logits = tf.tidy(() => {
          const clips = tf.tensor(concatenated(frames), [frames.length, 1, count, size, size, 3]);
          const features = encoder.encode(clips, { parameters, normalization: 'running' });
          const flat = tf.reshape<tf.Rank.R2>(features, [-1, encoder.channels]);
          return classifier.logits(flat, { parameters: own, normalization: 'running' });
        });
        const values = logits.dataSync<'float32'>();
        logits.dispose();
        return frames.map((_, i) => softmax(values.subarray(i * classes.length, (i + 1) * classes.length)));
      },
      [Symbol.dispose]() {
        owned[Symbol.dispose]();
      },
    };
  } catch (error) {
    owned[Symbol.dispose]();
    throw error;
  }
}
