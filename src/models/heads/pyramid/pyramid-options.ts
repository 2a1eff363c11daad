/** Sizes and settings of the pyramid head. What is published is in configs/thumos14/pyramid.yaml and configs/activitynet/pyramid.yaml. */
export interface PyramidOptions {
  /** Channels of the features. */
  features: number;
  classes: number;
  /** What looks at neighbours: ActionFormer's attention, or convolutions (its convolutional variant). */
  blocks: 'attention' | 'conv';
  /** Channels of all layers. */
  width: number;
  /** Of attention; divide the width. */
  heads: number;
  /** Of the pyramid, of strides 1, 2, 4, … snippets. */
  levels: number;
  /** Blocks before the pyramid. */
  stem: number;
  /** Steps of its level that a step sees, odd; -1: all. */
  window: number;
  /** Convolutions of each branch, the last one the outputs'. */
  headLayers: number;
  /** How often a residual branch is left out in training, item by item. */
  dropPath: number;
  /** How many values behind attention and in the MLP are left out in training. */
  dropout: number;
  /** Whether neighbouring levels both see instances of some lengths, see `levelRanges`. */
  overlap: boolean;
  /** How far from an instance's middle it is learnt, in strides. */
  centreRadius: number;
  /** How much of the classes' targets is spread over all classes and the background. */
  labelSmoothing: number;
  /** Of the boundaries' loss. */
  lossWeight: number;
  /** Positive locations of an item that the running normaliser of the loss starts from. */
  normalizer: number;
}
