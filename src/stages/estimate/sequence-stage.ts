import { pretextSteps } from '../../config/pretext/pretext-facts.js';
import { pretextModel } from '../pretext/pretext-model.js';
import { pretextOf } from '../pretext/sequences.js';
import { sequenceCost } from './cost.js';
import type { StageEstimate } from './stage-estimate.js';
import { framesAhead, giga, peakGib, trainingOf, type Subject } from './subject.js';
import { extract } from './encoder-stages.js';

/** Bytes that TensorFlow's allocator takes for a byte of an LSTM's tensors: 1.2 to 1.4 with 256 and 512 units. */
const fragmentation = 1.3;

/**
 * The stage before stage 1. Where it learns from features, it may make them first, which counts where it takes more
 * than a step.
 */
export function pretext(subject: Subject): StageEstimate {
  const { config } = subject;
  const { batch, microBatch, ...options } = pretextOf(config);
  const { data, patch, canvas, past } = options;
  const channels = { features: subject.channels, patches: patch * patch * 3, glyphs: canvas * canvas }[data];
  const steps = pretextSteps(options);
  const { model, specs } = pretextModel(config, channels);
  const { parameters, state, gradient, update } = trainingOf([{ specs }], options);
  const atOnce = Math.min(batch, microBatch ?? batch);
  const cost = sequenceCost(model, specs, { steps, past, channels });
  const sum = atOnce < batch ? gradient : 0;
  const read = data === 'patches' ? framesAhead(config, { frames: steps, size: patch }, batch) : 0;
  const step = {
    tensors: Math.max(sum + fragmentation * cost.peak(atOnce), update.tensors),
    // The initial values of parameters, the sequences of a batch and those of the one before, which are all freed some
    // time later, and what a tensor is made of.
    arrays: update.arrays + read + 4 * parameters + 3 * 4 * steps * channels * batch,
  };
  const ownFeatures = data === 'features' && config.data.features === null;
  const made = ownFeatures ? extract(subject).shapes.map(({ peak_gib }) => peak_gib) : [];
  return {
    parameters,
    shapes: [
      {
        shape: String(steps),
        gflops: giga(cost.flops(batch)),
        peak_gib: Math.max(peakGib(subject, cost.resident + state, [step]), ...made),
      },
    ],
  };
}
