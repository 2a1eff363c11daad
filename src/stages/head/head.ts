import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointRef } from '../../checkpoints/run-store.js';
import type { Video } from '../../data/dataset.js';
import type { VideoScores } from '../../data/scores/video-scores.js';
import { randomStream } from '../../engine/random.js';
import { evaluateDetections } from '../../evaluation/detections.js';
import { readGroundTruth } from '../../evaluation/result-files.js';
import { presets } from '../../evaluation/tiou.js';
import type { Predictions } from '../../evaluation/types.js';
import type { Pass } from '../../models/layers/layer.js';
import { UsageError } from '../../system/errors.js';
import { breathe } from '../../system/signals.js';
import { adamW } from '../../train/optimizers/adamw.js';
import { adam } from '../../train/optimizers/optimizers.js';
import { uniformRules, weightRules } from '../../train/optimizers/parameter-rules.js';
import { evenPace } from '../../train/schedule/pace.js';
import { trainedParts, type PlannedPart } from '../../train/trained-parts.js';
import { epochBatches, joinRows } from '../training/batches.js';
import { externalScores } from '../localize/external-scores.js';
import { openFeatures, type FeatureSource } from '../features/feature-source.js';
import { headSamples, type HeadSample } from './head-samples.js';
import { freshLocalizer, localize, type Localizer } from '../localize/localizer.js';
import { requireSome, type Run } from '../run/run.js';
import { trainSegmentClassifier } from '../localize/segment-classifier.js';
import { headInstances } from '../training/targets.js';
import { finishedCheckpoint, trainStage, type Measured } from '../training/train-stage.js';

interface FeatureBatch {
  ids: string[];
  samples: HeadSample[];
}

/** Stage 3b: a fresh head on the features of the frozen encoder (LoFi §3.4, G-TAD's recipe), and a classifier of segments where that head gives no labels. */
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
  const localizer = freshLocalizer(config, channels, run.dataset.classes);
  const { head: model, headParameters, segments } = localizer;
  const seen = videos.map((video) => ({
    id: video.id,
    views: source.views(video.id, options.views),
    instances: headInstances(video, localizer.classes),
  }));

  const [rules, optimizer] = options.optimizer === 'adamw' ? [weightRules, adamW] : [uniformRules, adam];
  const planned: Record<string, PlannedPart> = {
    head: { parameters: headParameters, rules: rules(headParameters.specs, options.weightDecay) },
  };
  if (segments) {
    const all = seen.flatMap(({ views, instances }) => views.map((features) => ({ features, instances })));
    await trainSegmentClassifier(run, segments, all);
    // It is trained, in one go; kept with the head.
    planned.classifier = { parameters: segments.parameters, rules: new Map() };
  }
  const parts = trainedParts('head', options, planned, optimizer);
  const pass: Pass = {
    parameters: headParameters,
    normalization: 'running',
    onMean: parts.head!.statistics.collectMean,
  };
  const samples = headSamples(config, model, localizer.window, seen);
  const snippets = config.model.window?.snippets ?? config.full.snippets;

  return trainStage<FeatureBatch>(run, {
    stage: 'head',
    what: segments ? 'head + segment classifier' : 'head',
    parent,
    parts,
    pace: evenPace(options, samples.count),
    // eslint-disable-next-line @typescript-eslint/require-await -- the features are in memory
    async *batches(epoch, from) {
      for (const list of epochBatches(samples.of(epoch), options.batch, config.seed, 'head', epoch).slice(from)) {
        yield { ids: list.map(({ id }) => id), samples: list };
      }
    },
    // Published features were made of frames of whatever size.
    shape: () => (config.data.features === null ? `${snippets}x${config.full.size}` : String(snippets)),
    loss({ samples: all }, { from, to }, { step }) {
      const list = all.slice(from, to);
      const draws = randomStream(config.seed, 'head', 'draws', step, from);
      const snippets = samples.length(list);
      const rows = list.map((sample) => sample.rows(snippets));
      const x = tf.tensor3d(joinRows(rows, snippets * channels), [list.length, snippets, channels]);
      return model.loss(
        { features: x, valid: list.map(({ valid }) => valid) },
        list.map(({ targets }) => targets(snippets)),
        pass,
        draws,
      );
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
