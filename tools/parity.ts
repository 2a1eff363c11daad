/**
 * Runs one training step of a reference case and prints the errors relative to it:
 *   npx tsx tools/parity.ts CASE.json        (tensors in the .safetensors beside it)
 * Each number is the largest error relative to the largest absolute value of that tensor.
 */
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../src/engine/backend.js';
import { randomStream } from '../src/engine/random.js';
import { anchors } from '../src/models/heads/gtad/anchors.js';
import { GtadHead } from '../src/models/heads/gtad/gtad.js';
import { labels } from '../src/models/heads/gtad/labels.js';
import { gtadLoss } from '../src/models/heads/gtad/gtad-loss.js';
import { lossWeights } from '../src/models/heads/gtad/loss-weights.js';
import { toTorchLayout, type Values } from '../src/models/weights/torch-layout.js';
import { Parameters } from '../src/models/parameters.js';
import { importState } from '../src/models/state.js';
import { lossAndGradients } from '../src/train/gradients.js';
import { StatisticsCollector } from '../src/train/statistics.js';
import { goldenCase, goldenFeatureGradient, goldenInput } from './bench/golden-case.js';

const file = process.argv[2];
if (!file) throw new Error('usage: tools/parity.ts CASE.json');

await startEngine();
const golden = goldenCase(file);
const { reference, tensors, encoder, parameters: encoderParameters } = golden;
const { batch, snippets, instances } = reference;

const h = reference.head;
const head = new GtadHead({
  features: h.feat,
  h1: h.h1d,
  h2: h.h2d,
  h3: h.h3d,
  groups: h.gcn_groups,
  width: h.gcn_width,
  k: h.k,
  inner: h.inner,
  context: h.context,
});
const headParameters = new Parameters(head.parameters, randomStream(0));
importState(headParameters, tensors, file, 'param.head.');

const list = anchors(snippets);
const targets = instances.map((spans) => labels(spans, snippets, list));
const uniform = tensors.get('uniform')!.data;
const cell = (video: number, anchor: number) =>
  (video * snippets + list[anchor]!.duration) * snippets + list[anchor]!.start;
const weights = lossWeights(targets, (at, band) => {
  const offset = band === 'middle' ? 0 : batch * snippets * snippets;
  return uniform[offset + cell(Math.floor(at / list.length), at % list.length)]!;
});

const input = goldenInput(golden);

const statistics = new StatisticsCollector();
const encoderPass = {
  parameters: encoderParameters,
  normalization: 'batch' as const,
  onStatistics: statistics.collect,
};
const headPass = { parameters: headParameters, normalization: 'running' as const };

const kept: Record<string, tf.Tensor> = {};
const { gradients } = lossAndGradients(
  (features) => {
    const output = head.apply(features!, headPass);
    const { total, tem, reg, cls } = gtadLoss(output, weights);
    for (const [name, tensor] of Object.entries({ features: features!, ...output, total, tem, reg, cls }))
      kept[name] = tf.keep(tf.clone(tensor));
    return { total, terms: {} };
  },
  new Map([
    ['encoder', encoderParameters],
    ['head', headParameters],
  ]),
  { encoded: encoder.record(tf.clone(input), encoderPass) },
);

const scalar = (name: string) => kept[name]!.dataSync()[0]!;
const transposed = (name: string): Values => {
  const tensor = tf.transpose(kept[name]!, [0, 2, 1]);
  return { shape: tensor.shape, data: tensor.dataSync<'float32'>() };
};
const gradientErrors = (parameters: Parameters, room: string, given: ReadonlyMap<string, tf.Tensor>) =>
  parameters.specs
    .filter((spec) => spec.trainable)
    .map(({ name, kind }) => {
      const tensor = given.get(name)!;
      const ours = toTorchLayout(kind, { shape: tensor.shape, data: tensor.dataSync<'float32'>() });
      return error(ours.data, tensors.get(`grad.${room}.${name}`)!.data);
    });

// The encoder alone, given the reference's gradient of its features.
const alone = encoder
  .record(tf.clone(input), { ...encoderPass, onStatistics: () => undefined })
  .backward(goldenFeatureGradient(golden));

statistics.update(encoderParameters);
const running = encoderParameters.specs
  .filter((spec) => !spec.trainable)
  .map(({ name }) =>
    error(encoderParameters.get(name).dataSync<'float32'>(), tensors.get(`after.encoder.${name}`)!.data),
  );

const onMap = (
  value: (video: number, anchor: number) => number,
  referenceMap: (at: number, channel: number) => number,
) => {
  let worst = 0;
  let largest = 0;
  for (let video = 0; video < batch; video++) {
    for (let a = 0; a < list.length; a++) {
      const expected = referenceMap(cell(video, a), 0);
      worst = Math.max(worst, Math.abs(value(video, a) - expected));
      largest = Math.max(largest, Math.abs(expected));
    }
  }
  return worst / largest;
};
const mapValues = kept.map!.dataSync();
const mapReference = tensors.get('map')!.data;
const mapErrors = [0, 1].map((channel) =>
  onMap(
    (video, a) => mapValues[(video * list.length + a) * 2 + channel]!,
    (at) => {
      const video = Math.floor(at / (snippets * snippets));
      return mapReference[(video * 2 + channel) * snippets * snippets + (at % (snippets * snippets))]!;
    },
  ),
);
const joined = (part: 'start' | 'end') => Float32Array.from(targets.flatMap((target) => [...target[part]]));
const overlapReference = tensors.get('label.iou')!.data;

console.log(
  JSON.stringify({
    features: error(transposed('features').data, tensors.get('features')!.data),
    running: Math.max(...running),
    grads_encoder: Math.max(...gradientErrors(encoderParameters, 'encoder', alone)),
    map: Math.max(...mapErrors),
    start: error(kept.start!.dataSync<'float32'>(), tensors.get('start')!.data),
    end: error(kept.end!.dataSync<'float32'>(), tensors.get('end')!.data),
    labels: Math.max(
      onMap(
        (video, a) => targets[video]!.overlap[a]!,
        (at) => overlapReference[at]!,
      ),
      error(joined('start'), tensors.get('label.start')!.data),
      error(joined('end'), tensors.get('label.end')!.data),
    ),
    loss: Math.max(
      ...(['total', 'tem', 'reg', 'cls'] as const).map((t) => Math.abs(scalar(t) / reference.loss[t] - 1)),
    ),
    grads: Math.max(
      ...gradientErrors(encoderParameters, 'encoder', gradients.get('encoder')!),
      ...gradientErrors(headParameters, 'head', gradients.get('head')!),
    ),
  }),
);

function error(ours: Float32Array, theirs: Float32Array): number {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} values for ${theirs.length}`);
  let worst = 0;
  let largest = 0;
  ours.forEach((value, i) => {
    worst = Math.max(worst, Math.abs(value - theirs[i]!));
    largest = Math.max(largest, Math.abs(theirs[i]!));
  });
  return worst / largest;
}
