/**
 * Sizes and settings of the pyramid head. Published values are in configs/thumos14/pyramid.yaml and
 * configs/activitynet/pyramid.yaml.
 */
export interface PyramidOptions {
  /** Channels of the features. */
  features: number;
  classes: number;
  /** The layers that look at neighbours: ActionFormer's attention, or convolutions (its convolutional variant). */
  blocks: 'attention' | 'conv';
  /** Channels of all layers. */
  width: number;
  /** Number of attention heads; must divide the width. */
  heads: number;
  /** Number of levels of the pyramid; their strides are 1, 2, 4, … snippets. */
  levels: number;
  /** Number of blocks before the pyramid. */
  stem: number;
  /** Attention window in steps of the level; odd, or -1 for the whole sequence. */
  window: number;
  /** Number of convolutions in each branch, the output layer among them. */
  headLayers: number;
  /** Probability with which training drops a residual branch of an item (stochastic depth). */
  dropPath: number;
  /** Fraction of values that training drops behind attention and in the MLP. */
  dropout: number;
  /** Whether neighbouring levels share instances of some lengths, see `pyramidLevels`. */
  overlap: boolean;
  /** Greatest distance in strides from an instance's middle to a location that learns it. */
  centreRadius: number;
  /** Part of a class target that is spread over all classes and the background. */
  labelSmoothing: number;
  /** Weight of the boundaries' loss. */
  lossWeight: number;
  /** Initial value of the loss's running normaliser: positive locations of an item. */
  normalizer: number;
}
