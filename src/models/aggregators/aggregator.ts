import type { Random } from '../../engine/random.js';
import type { ParameterSpec } from '../parameters.js';

/** A sequence of feature vectors, `[count, channels]`, row after row, in float64. */
export interface FeatureRows {
  readonly data: Float64Array;
  /** T. */
  readonly count: number;
  /** D. */
  readonly channels: number;
}

/** The values of an aggregator's parameters by name, in float64. */
export type ParameterValues = Readonly<Record<string, Float64Array>>;

/** The result of one sequence, and the way back. */
export interface Aggregated {
  /** `[D']`. */
  readonly value: Float64Array;
  /** The gradients of the rows `[T, D]` and of the trained parameters, given that of the value. */
  backward(dValue: Float64Array): Gradient;
}

/** Gradients of the rows `[T, D]` and of the trained parameters. */
export interface Gradient {
  readonly rows: Float64Array;
  readonly parameters: ParameterValues;
}

/**
 * Makes one vector of a sequence of T ≥ 1 feature vectors of D channels.
 *
 * Its mathematics is a pure function of one sequence in float64, without tensors. A sequence is handed over without its
 * padding, so that padding cannot change a bit of the result, and rank pooling needs float64 to be solved exactly.
 * Sequences are short (the frames of a snippet, the snippets of a segment), so that this costs little beside an
 * encoder. `aggregate.ts` applies it to tensors.
 */
export interface Aggregator {
  readonly parameters: readonly ParameterSpec[];
  /** D'. */
  readonly channels: number;
  aggregate(rows: FeatureRows, values: ParameterValues): Aggregated;
  /**
   * Fits the codebook to a sample of rows, of which `random` draws the beginning. Absent where there is no codebook.
   *
   * @returns The values of all parameters.
   */
  fit?(sample: FeatureRows, random: Random): ParameterValues;
}
