import { viewTransforms } from '../../data/views/clip-views.js';
import { buildHead } from '../../models/heads/head-catalogue.js';
import { transferred } from '../../models/transfer.js';
import { snippetsAtOnce } from '../encoder/full-fidelity.js';
import { clipShapes } from './clip-shapes.js';
import { encoderCost, headCost, inferenceCost, type EncoderCost } from './cost.js';
import type { StageEstimate } from './stage-estimate.js';
import { numbersOf } from './model-part.js';
import { classesOf, framesAhead, giga, peakGib, trainingOf, type Moment, type Subject } from './subject.js';

/*
 * The estimates of the stages that run the encoder.
 */

/**
 * Fragmentation factor of TensorFlow's allocator in an encoder's pass: bytes reserved per byte of live tensors. In
 * tools/bench/lofi-step.ts it is 1.4 to 1.8.
 */
const fragmentation = 1.6;

/** Stage 1; null where it trains nothing. */
export function pretrain(subject: Subject): StageEstimate | null {
  const { config, encoder, precision } = subject;
  const { epochs, batchNorm, reestimate, transfer, ...options } = config.pretrain;
  if (epochs === 0) return null;
  const specs = transferred(encoder.parameters, transfer);
  const { parameters, state, gradient, update } = trainingOf([{ specs, batchNorm }], options);
  const afterwards = [validationOfClips(subject), ...reestimation(subject, reestimate)];
  return {
    parameters,
    shapes: clipShapes(config).map(({ frames, size, batch, atOnce }) => {
      const clip = { frames, size };
      // Frozen layers are normalised by their running statistics.
      const mode = transfer === 'all' ? batchNorm : 'frozen';
      const cost = encoderCost(encoder, clip, { batchNorm: mode, precision });
      const sum = atOnce < batch ? gradient : 0;
      const step = {
        tensors: Math.max(sum + fragmentation * cost.peak(atOnce), update.tensors),
        arrays: framesAhead(config, clip, batch) + update.arrays,
      };
      return {
        shape: `${frames}x${size}`,
        gflops: giga(cost.flops(batch)),
        peak_gib: peakGib(subject, cost.resident + state, [step, ...afterwards]),
      };
    }),
  };
}

/** The validation of stage 1: as many samples at once as in training, at full size or, in the last one, larger. */
function validationOfClips({ config, inference }: Subject): Moment {
  const { size, batch, microBatch, views } = config.pretrain;
  const { resize, flip } = config.data;
  const [view] = viewTransforms({ width: size, height: size }, { size, resize, flip }, views.crops);
  const clip = { frames: config.encoder.frames, size: view!.crop.width };
  const samples = microBatch ?? batch;
  return {
    tensors: fragmentation * inference(clip, 'running').peak(samples),
    arrays: framesAhead(config, clip, samples),
  };
}

/** Stage 2. */
export function joint(subject: Subject): StageEstimate {
  const { config, encoder, precision } = subject;
  const { frames } = config.encoder;
  const { batch, microBatch, batchNorm, classes, shapes, reestimate, ...options } = config.joint;
  using head = buildHead(config.model, encoder.channels, classes ? classesOf(config) : 1);
  const trained = { specs: encoder.parameters, batchNorm };
  const { parameters, state, gradient, update } = trainingOf([trained, { specs: head.parameters }], options);
  const videos = Math.min(batch, microBatch ?? batch);
  const sum = videos < batch ? gradient : 0;
  const afterwards = reestimation(subject, reestimate);
  return {
    parameters,
    shapes: shapes.map(({ snippets, size }) => {
      const clip = { frames, size };
      const cost = encoderCost(encoder, clip, { batchNorm, precision });
      const onTop = headCost(head, snippets, encoder.channels);
      const chunked = options.gradient === 'chunked' ? chunkedCost(subject, clip, cost) : null;
      const pass = chunked ?? cost;
      const peak = Math.max(pass.peak(videos * snippets), pass.kept(videos * snippets) + onTop.peak(videos));
      const step = {
        tensors: Math.max(sum + fragmentation * peak, update.tensors),
        arrays: framesAhead(config, clip, batch * snippets) + update.arrays,
      };
      return {
        shape: `${snippets}x${size}`,
        gflops: giga(pass.flops(batch * snippets) + onTop.flops(batch)),
        peak_gib: peakGib(subject, cost.resident + onTop.resident + state, [step, ...afterwards]),
      };
    }),
  };
}

/** A pass that is recorded `joint.chunk` snippets at a time: all frames stay, and each chunk goes through twice. */
export function chunkedCost(
  { config, encoder, precision }: Subject,
  clip: { frames: number; size: number },
  cost: EncoderCost,
): EncoderCost {
  const { chunk, batchNorm } = config.joint;
  const normalization = batchNorm === 'train' ? 'batch' : 'running';
  const first = inferenceCost(encoder, clip, { normalization, precision });
  const gradient = 4 * numbersOf([{ specs: encoder.parameters, batchNorm }]).trained;
  /** Frames and features of n snippets, as float32. */
  const kept = (n: number) => 4 * n * (clip.frames * clip.size ** 2 * 3 + encoder.channels);
  return {
    resident: cost.resident,
    kept,
    peak: (n) => {
      const at = Math.min(chunk, n);
      return kept(n) + Math.max(first.peak(at), cost.peak(at) + (n > chunk ? gradient : 0));
    },
    flops: (n) => first.flops(n) + cost.flops(n),
  };
}

/** The pass at full fidelity that measures the statistics anew; nothing where no video is asked for. */
function reestimation({ config, inference }: Subject, videos: number): Moment[] {
  if (videos === 0) return [];
  const { snippets, size } = config.full;
  const clip = { frames: config.encoder.frames, size };
  const atOnce = Math.min(snippets, snippetsAtOnce(config));
  return [
    { tensors: fragmentation * inference(clip, 'batch').peak(atOnce), arrays: framesAhead(config, clip, snippets) },
  ];
}

/** Stage 3a. */
export function extract(subject: Subject): StageEstimate {
  const { config, encoder, inference } = subject;
  const { snippets, size } = config.full;
  const clip = { frames: config.encoder.frames, size };
  const cost = inference(clip, 'running');
  const atOnce = Math.min(snippets, snippetsAtOnce(config));
  const pass = { tensors: fragmentation * cost.peak(atOnce), arrays: framesAhead(config, clip, snippets) };
  return {
    parameters: numbersOf([{ specs: encoder.parameters }]).trained,
    shapes: [
      {
        shape: `${snippets}x${size}`,
        gflops: giga(cost.flops(snippets)),
        peak_gib: peakGib(subject, cost.resident, [pass]),
      },
    ],
  };
}
