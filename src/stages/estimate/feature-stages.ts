import { presampleOf, type SamplerOptions } from '../../config/sections/sampler-section.js';
import { buildHead } from '../../models/heads/head-catalogue.js';
import { segmentLayersOf } from '../segments/segment-layers-of.js';
import { batchSize } from '../segments/segments-stage.js';
import { headCost, segmentsCost, type Cost } from './cost.js';
import type { StageEstimate } from './stage-estimate.js';
import { classesOf, giga, peakGib, trainingOf, type Subject } from './subject.js';

/*
 * The estimates of the stages that are trained on features.
 */

/** Stage 3b, first part. */
export function segments(subject: Subject): StageEstimate {
  const { config, channels } = subject;
  const layers = segmentLayersOf(config, channels, classesOf(config));
  const { weightDecay } = config.head.classifier;
  const options = { optimizer: 'adam', ema: 0, clipNorm: 0, weightDecay } as const;
  const { parameters, state, update } = trainingOf([{ specs: layers.parameters }], options);
  const cost = segmentsCost(layers, channels);
  const step = { tensors: Math.max(cost.peak(batchSize), update.tensors), arrays: update.arrays };
  const gflops = giga(cost.flops(batchSize) + scoring(config.head.classifier.sampler, batchSize, cost));
  return {
    parameters,
    shapes: [{ shape: String(layers.rows), gflops, peak_gib: peakGib(subject, cost.resident + state, [step]) }],
  };
}

/** Stage 3b, on windows of full length: shorter ones, as `head.windows: random` may draw, take less. */
export function head(subject: Subject): StageEstimate {
  const { config, channels } = subject;
  const { batch, microBatch, ...options } = config.head;
  const { snippets } = config.model.window ?? config.full;
  using model = buildHead(config.model, channels, classesOf(config));
  const { parameters, state, gradient, update } = trainingOf([{ specs: model.parameters }], options);
  const windows = Math.min(batch, microBatch ?? batch);
  const cost = headCost(model, snippets, channels);
  const sum = windows < batch ? gradient : 0;
  const step = { tensors: Math.max(sum + cost.peak(windows), update.tensors), arrays: update.arrays };
  return {
    parameters,
    shapes: [
      {
        shape: String(snippets),
        gflops: giga(cost.flops(batch) + scoring(config.head.sampler, batch, cost)),
        peak_gib: peakGib(subject, cost.resident + state, [step]),
      },
    ],
  };
}

/** Operations of scoring a batch's candidates by the model: a pass forward is a third of a step. */
function scoring(sampler: SamplerOptions, batch: number, cost: Pick<Cost, 'flops'>): number {
  return sampler.type === 'model' ? cost.flops(presampleOf(sampler, batch)) / 3 : 0;
}
