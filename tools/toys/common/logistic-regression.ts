import { mostLikely, probabilities, type LinearClassifier } from './softmax.js';

/** Vectors and their classes, from 0. */
export interface Labelled {
  readonly vectors: readonly Float64Array[];
  readonly labels: readonly number[];
}

/** Weights of the examples against the length of the weights, of which a held-out part chooses. */
const strengths = [1, 10, 100, 1000, 10_000];
/** The part of the training set that is held out to choose: every fifth example. */
const heldOut = 5;

/**
 * Multinomial logistic regression. The strength of its regularisation is the one with the least cross-entropy on a
 * fifth of the training set, fitted to the rest; then all of it is fitted. The test set is never looked at.
 */
export function fitLogistic(train: Labelled, classes: number): LinearClassifier {
  const part = (keep: (i: number) => boolean): Labelled => ({
    vectors: train.vectors.filter((_, i) => keep(i)),
    labels: train.labels.filter((_, i) => keep(i)),
  });
  const fitted = part((i) => i % heldOut !== 0);
  const chosen = part((i) => i % heldOut === 0);
  const losses = strengths.map((strength) => crossEntropy(chosen, fitWith(fitted, classes, strength)));
  return fitWith(train, classes, strengths[losses.indexOf(Math.min(...losses))]!);
}

/** The part of examples whose class is the most likely one. */
export function accuracyOf({ vectors, labels }: Labelled, classifier: LinearClassifier): number {
  return vectors.filter((x, i) => mostLikely(x, classifier) === labels[i]).length / vectors.length;
}

/** The mean cross-entropy, in nats. */
function crossEntropy({ vectors, labels }: Labelled, classifier: LinearClassifier): number {
  const sum = vectors.reduce((total, x, i) => total - Math.log(probabilities(x, classifier)[labels[i]!]! + 1e-300), 0);
  return sum / vectors.length;
}

/** Biases are held by so little that it only makes the solution unique. */
const biasDecay = 1e-6;

/** Minimises C Σ cross-entropy + ½ ‖W‖² by Newton's method, whose steps are halved until they help. */
function fitWith(train: Labelled, classes: number, strength: number): LinearClassifier {
  const channels = train.vectors[0]!.length;
  const width = channels + 1;
  // One row of weights and bias for each class.
  const decay = (i: number) => (i % width === channels ? biasDecay : 1);
  const asClassifier = (theta: Float64Array): LinearClassifier => ({
    weights: theta.filter((_, i) => i % width !== channels),
    bias: theta.filter((_, i) => i % width === channels),
  });
  const objective = (theta: Float64Array) =>
    strength * train.vectors.length * crossEntropy(train, asClassifier(theta)) +
    theta.reduce((sum, value, i) => sum + decay(i) * value * value, 0) / 2;
  let theta: Float64Array = new Float64Array(classes * width);
  let value = objective(theta);
  for (let iteration = 0; iteration < 100; iteration++) {
    const gradient = theta.map((t, i) => decay(i) * t);
    const matrix = diagonal(theta.map((_, i) => decay(i)));
    const classifier = asClassifier(theta);
    train.vectors.forEach((vector, n) => {
      const x = Float64Array.from([...vector, 1]);
      const all = probabilities(vector, classifier);
      for (let a = 0; a < classes; a++) {
        const off = strength * (all[a]! - (train.labels[n] === a ? 1 : 0));
        for (let d = 0; d < width; d++) gradient[a * width + d]! += off * x[d]!;
        for (let b = 0; b < classes; b++) {
          const curve = strength * all[a]! * ((a === b ? 1 : 0) - all[b]!);
          for (let d = 0; d < width; d++) {
            const row = matrix[a * width + d]!;
            for (let e = 0; e < width; e++) row[b * width + e]! += curve * x[d]! * x[e]!;
          }
        }
      }
    });
    const step = solve(matrix, gradient);
    const before = value;
    for (let size = 1; size > 1e-6; size /= 2) {
      const moved = theta.map((t, i) => t - size * step[i]!);
      const next = objective(moved);
      if (next >= value) continue;
      [theta, value] = [moved, next];
      break;
    }
    if (before - value <= 1e-9 * Math.abs(value)) break;
  }
  return asClassifier(theta);
}

function diagonal(values: Float64Array): Float64Array[] {
  return Array.from(values, (value, i) => Float64Array.from(values, (_, j) => (i === j ? value : 0)));
}

/** Solves a system with a symmetric, positive definite matrix by elimination. Overwrites the matrix. */
function solve(matrix: Float64Array[], right: Float64Array): Float64Array {
  const x = right.slice();
  const size = x.length;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const factor = matrix[j]![i]! / matrix[i]![i]!;
      if (factor === 0) continue;
      for (let k = i; k < size; k++) matrix[j]![k]! -= factor * matrix[i]![k]!;
      x[j]! -= factor * x[i]!;
    }
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i]! -= matrix[i]![k]! * x[k]!;
    x[i]! /= matrix[i]![i]!;
  }
  return x;
}
