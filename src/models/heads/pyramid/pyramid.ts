import * as tf from '@tensorflow/tfjs-core';
import { headFacts } from '../../../config/head-facts.js';
import type { Random } from '../../../engine/random.js';
import type { Pass } from '../../layers/layer.js';
import type { Sequence } from '../../layers/sequence.js';
import type { ParameterSpec } from '../../parameters.js';
import type { Head, HeadInput, HeadInstance, HeadLoss, HeadProposal, ProposeOptions } from '../head.js';
import { unlabelledSnippets, type UnlabelledSpan } from '../unlabelled-snippets.js';
import { assign, type Positive } from './assignment.js';
import { backbone } from './backbone.js';
import { branches, rowsOf, type PyramidOutput } from './branches.js';
import { decode } from './decode-levels.js';
import { paddedLength, pyramidLevels, type Level } from './levels.js';
import { lossTargets, pyramidLoss, type PyramidTargets } from './pyramid-loss.js';
import type { PyramidOptions } from './pyramid-options.js';

export type { PyramidOptions } from './pyramid-options.js';
export type { PyramidTargets } from './pyramid-loss.js';

/**
 * Name of the loss's running normaliser, an untrained parameter: the mean number of an item's positives, at least 1.
 */
const normalizer = 'normalizer';

/**
 * The anchor-free pyramid (ActionFormer, Zhang, Wu and Li, ECCV 2022): every location of every level scores every class
 * and predicts how far from it the action starts and ends. It takes sequences of any T, which it pads itself; padding
 * does not change the outputs for the video.
 */
export class PyramidHead implements Head<PyramidTargets> {
  readonly parameters: ParameterSpec[];
  readonly labels = headFacts.pyramid.labels;
  private readonly levels: Level[];
  private readonly backbone;
  private readonly branches;

  constructor(private readonly options: PyramidOptions) {
    this.levels = pyramidLevels(options);
    this.backbone = backbone(options);
    this.branches = branches(options);
    this.parameters = [
      ...this.backbone.parameters,
      ...this.branches.parameters,
      {
        name: normalizer,
        kind: 'vector',
        shape: [1],
        init: { type: 'constant', value: options.normalizer },
        trainable: false,
      },
    ];
  }

  /** The outputs at all locations, without dropout. */
  apply(input: HeadInput, pass: Pass): PyramidOutput {
    return this.branches.apply(this.sequences(input, pass, null), pass);
  }

  private sequences({ features, valid }: HeadInput, pass: Pass, draws: Random | null): Sequence[] {
    const [, snippets] = features.shape;
    const missing = paddedLength(snippets, this.levels.length) - snippets;
    const whole = missing === 0 ? features : tf.pad(features, [[0, 0], [0, missing], [0, 0]]); // prettier-ignore
    return this.backbone.apply(whole, valid, pass, draws);
  }

  targets(
    instances: readonly HeadInstance[],
    snippets: number,
    valid: number,
    spans: readonly UnlabelledSpan[] = [],
  ): PyramidTargets {
    const positives = assign(instances, snippets, valid, this.levels, this.options.centreRadius);
    const unlabelled = unlabelledSnippets(spans, snippets);
    if (!unlabelled) return { valid, positives };
    const isLabelled = ({ level, index }: Positive) => unlabelled[index * this.levels[level]!.stride] !== 1;
    return { valid, positives: positives.filter(isLabelled), unlabelled };
  }

  loss(input: HeadInput, targets: readonly PyramidTargets[], pass: Pass, draws: Random): HeadLoss {
    const rows = this.rows(input.features.shape[1]);
    const learnt = lossTargets(targets, rows, this.levels, this.options);
    const output = this.branches.learn(this.sequences(input, pass, draws), learnt.places, pass);
    const positives = targets.reduce((sum, { positives }) => sum + positives.length, 0);
    pass.onMean?.(normalizer, tf.tensor1d([positives / targets.length]), targets.length);
    const { lossWeight } = this.options;
    const { total, items, ...terms } = pyramidLoss(output, learnt, pass.parameters.get(normalizer), lossWeight);
    return { total, terms, items };
  }

  propose(features: tf.Tensor3D, valid: number, pass: Pass, options: ProposeOptions): HeadProposal[] {
    const rows = tf.tidy(() => {
      const { logits, offsets } = this.apply({ features, valid: [valid] }, pass);
      return tf.concat([logits, offsets], 2).dataSync<'float32'>();
    });
    const snippets = features.shape[1];
    const item = { rows, classes: this.options.classes };
    return decode(item, snippets, valid, this.levels, this.rows(snippets), options);
  }

  private rows(snippets: number) {
    return rowsOf(paddedLength(snippets, this.levels.length), this.levels.length);
  }

  /** The pyramid keeps no tensors. */
  [Symbol.dispose](): void {}
}
