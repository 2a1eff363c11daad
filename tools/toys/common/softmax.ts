/** A linear classifier: `weights` `[classes, channels]`, `bias` `[classes]`. */
export interface LinearClassifier {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/** The classifier that knows nothing: all zeros. */
export function zeroClassifier(classes: number, channels: number): LinearClassifier {
  return { weights: new Float64Array(classes * channels), bias: new Float64Array(classes) };
}

/** The probability of each class. */
export function probabilities(x: Float64Array, { weights, bias }: LinearClassifier): Float64Array {
  const logits = bias.map((b, c) => x.reduce((sum, value, d) => sum + value * weights[c * x.length + d]!, b));
  const largest = Math.max(...logits);
  const odds = logits.map((logit) => Math.exp(logit - largest));
  const total = odds.reduce((a, b) => a + b);
  return odds.map((value) => value / total);
}

/** The class that is most likely. */
export function mostLikely(x: Float64Array, classifier: LinearClassifier): number {
  const all = probabilities(x, classifier);
  return all.indexOf(Math.max(...all));
}

/**
 * Adds the gradients of the cross-entropy of one example to `sums`, times `weight`.
 *
 * @returns The gradient of x.
 */
export function backwardCrossEntropy(
  x: Float64Array,
  label: number,
  classifier: LinearClassifier,
  sums: LinearClassifier,
  weight: number,
): Float64Array {
  const dx = new Float64Array(x.length);
  probabilities(x, classifier).forEach((probability, c) => {
    const dLogit = weight * (probability - (c === label ? 1 : 0));
    sums.bias[c]! += dLogit;
    for (let d = 0, i = c * x.length; d < x.length; d++, i++) {
      sums.weights[i]! += dLogit * x[d]!;
      dx[d]! += dLogit * classifier.weights[i]!;
    }
  });
  return dx;
}
