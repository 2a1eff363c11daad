/** Parameters and the running moments of their gradients (Kingma & Ba 2015). */
export interface AdamState {
  parameters: Float32Array;
  mean: Float32Array;
  square: Float32Array;
}

/**
 * Takes a step of Adam in place, on arrays that no engine knows.
 *
 * @param step - Counts from 1.
 */
export function adamStep(
  { parameters, mean, square }: AdamState,
  gradient: Float64Array,
  step: number,
  lr: number,
): void {
  const [b1, b2] = [0.9, 0.999];
  const rate = (lr * Math.sqrt(1 - b2 ** step)) / (1 - b1 ** step);
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]!;
    mean[i] = b1 * mean[i]! + (1 - b1) * g;
    square[i] = b2 * square[i]! + (1 - b2) * g * g;
    parameters[i]! -= (rate * mean[i]!) / (Math.sqrt(square[i]!) + 1e-8);
  }
}
