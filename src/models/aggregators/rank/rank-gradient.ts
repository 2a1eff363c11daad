import type { FeatureRows } from '../aggregator.js';
import { solve } from './cholesky.js';
import { combined, productsWith, type RankProblem, type RankSolution } from './rank-problem.js';

/**
 * How the inverse Hessian is applied. `dual`: exactly, in T dimensions. `shermanMorrison`: exactly, one rank-one term
 * after the other, as in the paper's Lemma 3; needs D² memory. `diagonal`: approximately, by the Hessian's diagonal.
 */
export type RankBackward = 'dual' | 'shermanMorrison' | 'diagonal';

/**
 * The gradient of the vectors v_t `[T, D]` of rank pooling, given g = ∂L/∂u (Fernando & Gould, ICML 2016, Lemma 2):
 * with the Hessian H = I + C Σ_A v_t v_tᵀ over the active steps A and q = H⁻¹g, it is α_t·q - C·(v_t·q)·u for t in A,
 * else 0.
 */
export function rankGradient(
  { rows, C }: RankProblem,
  solution: RankSolution,
  g: Float64Array,
  backward: RankBackward,
): Float64Array {
  const { u, alpha, active } = solution;
  const { channels } = rows;
  const q = inverseHessian[backward](rows, solution, C, g);
  const products = productsWith(rows, q, active);
  const gradient = new Float64Array(rows.data.length);
  active.forEach((t, k) => {
    const [a, b] = [alpha[t]!, C * products[k]!];
    for (let c = 0, i = t * channels; c < channels; c++, i++) gradient[i] = a * q[c]! - b * u[c]!;
  });
  return gradient;
}

/** The functions that give q = H⁻¹g. */
const inverseHessian: Record<
  RankBackward,
  (rows: FeatureRows, solution: RankSolution, C: number, g: Float64Array) => Float64Array
> = {
  /** Woodbury: q = g - V_Aᵀ (K_AA + I/C)⁻¹ V_A g. */
  dual(rows, { active, factor }, _C, g) {
    const weights = new Float64Array(rows.count);
    solve(factor, productsWith(rows, g, active)).forEach((weight, k) => (weights[active[k]!] = weight));
    const correction = combined(rows, weights);
    return g.map((value, c) => value - correction[c]!);
  },
  /** A_i = A_(i-1) - C·w·wᵀ / (1 + C·v_i·w) with w = A_(i-1)·v_i, from A_0 = I. */
  shermanMorrison({ data, channels }, { active }, C, g) {
    const inverse = new Float64Array(channels * channels);
    for (let c = 0; c < channels; c++) inverse[c * channels + c] = 1;
    const times = (v: Float64Array) =>
      Float64Array.from(v, (_, c) => {
        let sum = 0;
        for (let d = 0; d < channels; d++) sum += inverse[c * channels + d]! * v[d]!;
        return sum;
      });
    for (const t of active) {
      const v = data.subarray(t * channels, (t + 1) * channels);
      const w = times(v);
      const factor = C / (1 + C * v.reduce((sum, value, c) => sum + value * w[c]!, 0));
      for (let c = 0; c < channels; c++) {
        const scaled = factor * w[c]!;
        for (let d = 0; d < channels; d++) inverse[c * channels + d]! -= scaled * w[d]!;
      }
    }
    return times(g);
  },
  /** q_d = g_d / (1 + C Σ_A v_td²). */
  diagonal({ data, channels }, { active }, C, g) {
    const sums = new Float64Array(channels);
    for (const t of active) for (let c = 0, i = t * channels; c < channels; c++, i++) sums[c]! += data[i]! * data[i]!;
    return g.map((value, c) => value / (1 + C * sums[c]!));
  },
};
