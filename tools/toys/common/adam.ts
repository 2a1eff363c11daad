/** Plain arrays of numbers by name, changed in place by {@link Adam}. */
export type Arrays = Readonly<Record<string, Float64Array>>;

/** Adam (Kingma and Ba, 2015) on plain arrays, with β of 0.9 and 0.999, and without decay of weights. */
export class Adam {
  private readonly moments = new Map<string, { first: Float64Array; second: Float64Array; steps: number }>();

  constructor(private readonly rate: number) {}

  /** Moves every array that has a gradient. An array that joins late starts at its own step 1. */
  step(values: Arrays, gradients: Arrays): void {
    for (const [name, gradient] of Object.entries(gradients)) {
      const moments = this.moments.get(name) ?? {
        first: new Float64Array(gradient.length),
        second: new Float64Array(gradient.length),
        steps: 0,
      };
      this.moments.set(name, moments);
      moments.steps++;
      const { first, second, steps } = moments;
      const rate = (this.rate * Math.sqrt(1 - 0.999 ** steps)) / (1 - 0.9 ** steps);
      const value = values[name]!;
      for (let i = 0; i < gradient.length; i++) {
        first[i] = 0.9 * first[i]! + 0.1 * gradient[i]!;
        second[i] = 0.999 * second[i]! + 0.001 * gradient[i]! ** 2;
        value[i]! -= (rate * first[i]!) / (Math.sqrt(second[i]!) + 1e-8);
      }
    }
  }
}
