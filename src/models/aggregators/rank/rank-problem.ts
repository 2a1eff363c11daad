import type { FeatureRows } from '../aggregator.js';
import { cholesky, solve, type CholeskyFactor } from './cholesky.js';

/** What rank pooling fits: v_t·u to the target y_t of each step t, up to ε, with weight C. */
export interface RankProblem {
  /** The vectors v_t `[T, D]`. */
  readonly rows: FeatureRows;
  /** y `[T]`. */
  readonly targets: Float64Array;
  readonly C: number;
  readonly epsilon: number;
}

/** The solution of a {@link RankProblem}, with what its gradient needs. */
export interface RankSolution {
  /** u `[D]` = Vᵀα. */
  readonly u: Float64Array;
  /** α `[T]`: 0 for steps that are fitted up to ε. */
  readonly alpha: Float64Array;
  /** v_t·u - y_t `[T]`. */
  readonly residuals: Float64Array;
  /** The steps that are not fitted up to ε, ascending. */
  readonly active: readonly number[];
  /** K_AA + I/C of the active steps A, factored; K is the Gram matrix of the vectors. */
  readonly factor: CholeskyFactor;
}

/** More iterations than were ever seen: 11 for C = 10⁴. */
const mostIterations = 100;

/**
 * Solves u = argmin ½‖u‖² + (C/2) Σ_t max(0, |v_t·u - y_t| - ε)² (Fernando & Gould, ICML 2016, eq. 5), which has
 * exactly one solution, by Newton's method in the T dual variables α. The D×D Hessian is never formed: D is much larger
 * than T. Where a vector is not finite, u is not a number, as in any other arithmetic.
 */
export function solveRank({ rows, targets, C, epsilon }: RankProblem): RankSolution {
  const { count } = rows;
  const gram = gramMatrix(rows);
  const productOf = (alpha: Float64Array) => timesSymmetric(gram, alpha);
  const objective = (alpha: Float64Array, products: Float64Array) => {
    let value = 0;
    for (let t = 0; t < count; t++) {
      const excess = Math.max(0, Math.abs(products[t]! - targets[t]!) - epsilon);
      value += (alpha[t]! * products[t]! + C * excess * excess) / 2;
    }
    return value;
  };
  let alpha: Float64Array = new Float64Array(count);
  let products: Float64Array = new Float64Array(count);
  let value = objective(alpha, products);
  if (!gram.every(Number.isFinite)) return withoutSolution(rows);
  for (let i = 0; ; i++) {
    const active = activeSteps(products, targets, epsilon);
    const factor = factored(gram, count, active, C);
    const goal = Float64Array.from(active, (t) => targets[t]! + epsilon * Math.sign(products[t]! - targets[t]!));
    const solved = solve(factor, goal);
    let next: Float64Array = new Float64Array(count);
    active.forEach((t, k) => (next[t] = solved[k]!));
    let reached = productOf(next);
    let nextValue = objective(next, reached);
    // The objective is convex: on the way to Newton's point it falls at first.
    for (let halvings = 0; nextValue > value + 1e-14 * Math.abs(value) && halvings < 50; halvings++) {
      next = between(alpha, next);
      reached = between(products, reached);
      nextValue = objective(next, reached);
    }
    const change = largest(next.map((a, t) => a - alpha[t]!));
    [alpha, products, value] = [next, reached, nextValue];
    if (change <= 1e-12 * (1 + largest(alpha)) || i === mostIterations) break;
  }
  const active = activeSteps(products, targets, epsilon);
  return {
    u: combined(rows, alpha),
    alpha,
    residuals: products.map((product, t) => product - targets[t]!),
    active,
    factor: factored(gram, count, active, C),
  };
}

function withoutSolution({ count, channels }: FeatureRows): RankSolution {
  const numbers = (length: number) => new Float64Array(length).fill(NaN);
  return {
    u: numbers(channels),
    alpha: numbers(count),
    residuals: numbers(count),
    active: [],
    factor: cholesky(0, () => 0),
  };
}

/** Σ_t weights_t v_t `[D]`. */
export function combined({ data, channels }: FeatureRows, weights: ArrayLike<number>): Float64Array {
  const sum = new Float64Array(channels);
  for (let t = 0; t < weights.length; t++) {
    const weight = weights[t]!;
    if (weight === 0) continue;
    for (let c = 0, i = t * channels; c < channels; c++, i++) sum[c]! += weight * data[i]!;
  }
  return sum;
}

/** v_t·q for some steps t. */
export function productsWith({ data, channels }: FeatureRows, q: Float64Array, steps: readonly number[]): Float64Array {
  return Float64Array.from(steps, (t) => {
    let sum = 0;
    for (let c = 0, i = t * channels; c < channels; c++, i++) sum += data[i]! * q[c]!;
    return sum;
  });
}

function gramMatrix({ data, count, channels }: FeatureRows): Float64Array {
  const gram = new Float64Array(count * count);
  for (let s = 0; s < count; s++) {
    for (let t = 0; t <= s; t++) {
      let sum = 0;
      for (let c = 0, i = s * channels, j = t * channels; c < channels; c++, i++, j++) sum += data[i]! * data[j]!;
      gram[s * count + t] = sum;
      gram[t * count + s] = sum;
    }
  }
  return gram;
}

function factored(gram: Float64Array, count: number, active: readonly number[], C: number): CholeskyFactor {
  return cholesky(active.length, (i, j) => gram[active[i]! * count + active[j]!]! + (i === j ? 1 / C : 0));
}

/** A step is active where its prediction misses the target by more than ε. */
function activeSteps(products: Float64Array, targets: Float64Array, epsilon: number): number[] {
  const steps: number[] = [];
  for (let t = 0; t < products.length; t++) if (Math.abs(products[t]! - targets[t]!) > epsilon) steps.push(t);
  return steps;
}

function timesSymmetric(matrix: Float64Array, x: Float64Array): Float64Array {
  const { length } = x;
  return Float64Array.from(x, (_, s) => {
    let sum = 0;
    for (let t = 0; t < length; t++) sum += matrix[s * length + t]! * x[t]!;
    return sum;
  });
}

const between = (a: Float64Array, b: Float64Array) => a.map((value, i) => (value + b[i]!) / 2);
const largest = (values: Float64Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
