import type { Random } from '../../../src/engine/random.js';
import type { Points } from './points.js';

/** Units of the layers: two inputs, two hidden layers of tanh, two classes. */
const widths = [2, 40, 40, 2] as const;

/** Weights `[out, in]` and biases of the layers, by name. */
export type NetworkWeights = Readonly<Record<string, Float64Array>>;

/** Weights to begin with: uniform by Glorot & Bengio 2010. */
export function initialWeights(random: Random): NetworkWeights {
  const layers = widths.slice(1).flatMap((out, layer): [string, Float64Array][] => {
    const limit = Math.sqrt(6 / (widths[layer]! + out));
    const weights = Float64Array.from({ length: out * widths[layer]! }, () => random.between(-limit, limit));
    return [
      [`weight${layer}`, weights],
      [`bias${layer}`, new Float64Array(out)],
    ];
  });
  return Object.fromEntries(layers);
}

interface Layer {
  weight: Float64Array;
  bias: Float64Array;
}

function layersOf(weights: NetworkWeights): readonly [Layer, Layer, Layer] {
  const layer = (i: number) => ({ weight: weights[`weight${i}`]!, bias: weights[`bias${i}`]! });
  return [layer(0), layer(1), layer(2)];
}

/** The activations of all layers for a point, the inputs first, the logits last. */
function activations(layers: readonly Layer[], a: number, b: number): Float64Array[] {
  const all = [Float64Array.of(a, b)];
  for (const [i, { weight, bias }] of layers.entries()) {
    const input = all[i]!;
    const output = new Float64Array(bias.length);
    for (let j = 0; j < output.length; j++) {
      let sum = bias[j]!;
      const row = j * input.length;
      for (let k = 0; k < input.length; k++) sum += weight[row + k]! * input[k]!;
      output[j] = i < layers.length - 1 ? Math.tanh(sum) : sum;
    }
    all.push(output);
  }
  return all;
}

/** The chance of the true class by the logits. */
function chanceOf(logits: Float64Array, label: number): number {
  return 1 / (1 + Math.exp(logits[1 - label]! - logits[label]!));
}

/** The cross-entropy of each of some points. */
export function pointLosses(weights: NetworkWeights, { x, labels }: Points, points: readonly number[]): number[] {
  const layers = layersOf(weights);
  return points.map((i) => {
    const logits = activations(layers, x[2 * i]!, x[2 * i + 1]!)[3]!;
    return -Math.log(chanceOf(logits, labels[i]!) + 1e-300);
  });
}

/** The gradient of the mean of the weighted cross-entropies of some points, and the losses without weights. */
export function weightedGradient(
  weights: NetworkWeights,
  { x, labels }: Points,
  points: readonly number[],
  weightsOfPoints: readonly number[],
): { losses: number[]; gradient: NetworkWeights } {
  const gradient = Object.fromEntries(
    Object.entries(weights).map(([name, values]) => [name, new Float64Array(values.length)]),
  );
  const layers = layersOf(weights);
  const ofLayers = layersOf(gradient);
  const losses = points.map((i, n) => {
    const all = activations(layers, x[2 * i]!, x[2 * i + 1]!);
    const label = labels[i]!;
    const chance = chanceOf(all[3]!, label);
    const factor = (weightsOfPoints[n]! / points.length) * (1 - chance);
    let above = Float64Array.from([0, 1], (side) => (side === label ? -factor : factor));
    for (let layer = 2; layer >= 0; layer--) {
      const input = all[layer]!;
      const { weight } = layers[layer]!;
      const { weight: ofWeight, bias: ofBias } = ofLayers[layer]!;
      const below = new Float64Array(input.length);
      for (let j = 0; j < above.length; j++) {
        const g = above[j]!;
        const row = j * input.length;
        ofBias[j]! += g;
        for (let k = 0; k < input.length; k++) {
          ofWeight[row + k]! += g * input[k]!;
          below[k]! += g * weight[row + k]!;
        }
      }
      for (let k = 0; k < below.length; k++) below[k]! *= 1 - input[k]! ** 2;
      above = below;
    }
    return -Math.log(chance + 1e-300);
  });
  return { losses, gradient };
}
