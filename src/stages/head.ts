import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointRef } from '../checkpoints/store.js';
import type { Features } from '../checkpoints/features.js';
import type { Video } from '../data/dataset.js';
import type { VideoScores } from '../data/video-scores.js';
import { randomStream } from '../engine/random.js';
import { evaluateDetections } from '../evaluation/detections.js';
import { readGroundTruth } from '../evaluation/files.js';
import { presets } from '../evaluation/tiou.js';
import type { Predictions } from '../evaluation/types.js';
import { crossEntropy } from '../models/classifier.js';
import { labels, type Labels } from '../models/heads/gtad/labels.js';
import { gtadLoss } from '../models/heads/gtad/loss.js';
import { lossWeights } from '../models/heads/gtad/loss-weights.js';
import { trainingWindows, windowFeatures, windowSpans, type Window } from '../models/heads/gtad/windows.js';
import type { Parameters } from '../models/parameters.js';
import { UsageError, WorkError } from '../system/errors.js';
import { breathe } from '../system/signals.js';
import { disposeGradients, lossAndGradients } from '../train/gradients.js';
import { adam } from '../train/optimizers.js';
import { uniformRules } from '../train/parameter-rules.js';
import { evenPace } from '../train/pace.js';
import { trainedParts } from '../train/parts.js';
import { epochBatches } from './batches.js';
import { externalScores } from './external-scores.js';
import { openFeatures, type FeatureSource } from './features.js';
import { freshLocalizer, joinRows, localize, poolSegment, type Localizer } from './localizer.js';
import { requireSome, type Run } from './run.js';
import { spans } from './targets.js';
import { finishedCheckpoint, trainStage, type Measured } from './training.js';

/** A video, or a window of one, with what the head shall say of it. */
interface Sample {
  id: string;
  window: Window;
  labels: Labels;
}

interface FeatureBatch {
  ids: string[];
  samples: Sample[];
}

/** Stage 3b: a fresh head, and a classifier of segments, on the features of the frozen encoder (LoFi §3.4, G-TAD's recipe). */
export function head(run: Run): Promise<CheckpointRef> {
  return trainHead(run, openFeatures(run));
}

/** {@link head} on features that are open already; the run's store and log take what becomes of it. */
export async function trainHead(run: Run, source: FeatureSource): Promise<CheckpointRef> {
  const { config } = run;
  const options = config.head;
  const { reference: parent, channels } = source;
  const done = finishedCheckpoint(run, 'head', parent);
  if (done) return done;
  const usable = requireSome(source.videos(config.data.trainOn), config.data.trainOn);
  const videos = usable.filter(({ id }) => source.has(id));
  const complete = videos.length === usable.length || config.data.missing === 'skip';
  if (videos.length === 0 || !complete)
    throw new UsageError(`no features in ${run.folder}: run \`lofi extract\` first`);
  const validated = source.videos(config.data.validateOn).filter(({ id }) => source.has(id));
  const scores = externalScores(run, validated);
  const features = new Map(videos.map((video) => [video.id, source.get(video.id)]));
  const localizer = freshLocalizer(config, channels, run.dataset.classes);
  const { head: model, headParameters, classifierParameters } = localizer;

  await trainClassifier(run, localizer, videos, features);
  const parts = trainedParts(
    'head',
    options,
    {
      head: { parameters: headParameters, rules: uniformRules(headParameters.specs, options.weightDecay) },
      // Trained above, in one go; kept with the head.
      classifier: { parameters: classifierParameters, rules: new Map() },
    },
    adam,
  );
  const samples = videos.flatMap((video): Sample[] => {
    const [total] = features.get(video.id)!.shape;
    const instances = spans(video);
    return trainingWindows(instances, total, localizer.window).map((window) => {
      const anchors = model.anchors(window.snippets);
      return { id: video.id, window, labels: labels(windowSpans(instances, window, total), window.snippets, anchors) };
    });
  });
  if (samples.length === 0) {
    throw new WorkError(
      `no window of ${localizer.window!} snippets holds an instance: set model.window to longer ones`,
    );
  }
  const { snippets } = samples[0]!.window;

  return trainStage<FeatureBatch>(run, {
    stage: 'head',
    what: 'head + segment classifier',
    parent,
    parts,
    pace: evenPace(options, samples.length),
    // eslint-disable-next-line @typescript-eslint/require-await -- the features are in memory
    async *batches(epoch, from) {
      for (const list of epochBatches(samples, options.batch, config.seed, 'head', epoch).slice(from)) {
        yield { ids: list.map(({ id }) => id), samples: list };
      }
    },
    // Published features were made of frames of whatever size.
    shape: () => (config.data.features === null ? `${snippets}x${config.full.size}` : String(snippets)),
    loss({ samples: all }, { from, to }, { step }) {
      const list = all.slice(from, to);
      const draws = randomStream(config.seed, 'head', 'draws', step, from);
      const weights = lossWeights(
        list.map(({ labels }) => labels),
        () => draws.uniform(),
      );
      const rows = list.map(({ id, window }) => windowFeatures(features.get(id)!, window));
      const x = tf.tensor3d(joinRows(rows, snippets * channels), [list.length, snippets, channels]);
      const output = model.apply(x, { parameters: headParameters, normalization: 'running' });
      const { total, ...terms } = gtadLoss(output, weights);
      return { total, terms };
    },
    async validate(epoch) {
      const due = (epoch + 1) % options.validateEvery === 0 || epoch + 1 === options.epochs;
      return due ? validate(run, localizer, source, validated, scores) : null;
    },
  }).finally(() => {
    model.dispose();
  });
}

/** Average mAP on the videos; null where there are none. */
async function validate(
  run: Run,
  localizer: Localizer,
  source: FeatureSource,
  videos: readonly Video[],
  scores: VideoScores | null,
): Promise<Measured | null> {
  if (videos.length === 0) return null;
  const { validateOn: subset } = run.config.data;
  const results: Predictions['results'] = {};
  for (const { id, duration } of videos) {
    results[id] = localize(localizer, source.get(id), duration, run.config.detect, scores?.get(id));
    await breathe(run.stop);
  }
  const truth = readGroundTruth(`${run.folder}/dataset.json`);
  const { tiou } = presets[run.config.evaluation.preset];
  const metrics = evaluateDetections(truth, { results }, { subset, tiou, missing: 'skip' });
  return { judge: 'average_mAP', metrics: { average_mAP: metrics.average_mAP } };
}

/** A softmax on the mean feature of each training instance, its ends jittered; features standardised by training's. Frozen afterwards. */
async function trainClassifier(
  { config, stop }: Run,
  { classes, classifier, classifierParameters }: Localizer,
  videos: readonly Video[],
  features: ReadonlyMap<string, Features>,
): Promise<void> {
  const { epochs, lr, weightDecay, dropout, jitter } = config.head.classifier;
  standardize(classifierParameters, [...features.values()]);
  const instances = videos.flatMap((video) =>
    spans(video).map((span, i) => ({
      features: features.get(video.id)!,
      span,
      label: classes.indexOf(video.instances[i]!.label),
    })),
  );
  const parts = new Map([['classifier', classifierParameters]]);
  const optimizer = adam(
    classifierParameters,
    new Map([
      ['fc.weight', { lr: 1, weightDecay }],
      ['fc.bias', { lr: 1, weightDecay: 0 }],
    ]),
  );
  for (let epoch = 0; epoch < epochs; epoch++) {
    epochBatches(instances, 64, config.seed, 'classifier', epoch).forEach((batch, i) => {
      const random = randomStream(config.seed, 'classifier', 'sample', epoch, i);
      const rows = batch.map(({ features, span: [start, end] }) => {
        const room = jitter * (end - start);
        return poolSegment(features, [start + random.between(-room, room), end + random.between(-room, room)]);
      });
      const { gradients } = lossAndGradients(() => {
        const channels = batch[0]!.features.shape[1];
        const x = tf.tensor2d(joinRows(rows, channels), [batch.length, channels]);
        const pass = { parameters: classifierParameters, normalization: 'running' as const };
        const logits = classifier.logits(x, pass, dropout, random.below(2 ** 31));
        return {
          total: crossEntropy(
            logits,
            batch.map(({ label }) => label),
          ),
          terms: {},
        };
      }, parts);
      optimizer.step(gradients.get('classifier')!, lr);
      disposeGradients(gradients);
    });
    await breathe(stop);
  }
  optimizer.dispose();
  for (const name of classifierParameters.trainable()) classifierParameters.freeze(name);
}

/** Sets the classifier's `mean` and `deviation` to those of all training snippets. */
function standardize(parameters: Parameters, features: readonly Features[]): void {
  const channels = features[0]!.shape[1];
  const sum = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let count = 0;
  for (const { data, shape } of features) {
    count += shape[0];
    for (let i = 0; i < data.length; i++) {
      sum[i % channels]! += data[i]!;
      squares[i % channels]! += data[i]! ** 2;
    }
  }
  const mean = sum.map((total) => total / count);
  const deviation = squares.map((total, c) => Math.sqrt(Math.max(total / count - mean[c]! ** 2, 1e-8)) + 1e-3);
  parameters.assign('mean', tf.tensor1d(Float32Array.from(mean)));
  parameters.assign('deviation', tf.tensor1d(Float32Array.from(deviation)));
}
