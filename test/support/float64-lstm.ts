/** Matrices as rows of rows, vectors as rows: plain numbers in float64. */
export type Matrix = number[][];

/** The weights of {@link float64Lstm}, in the shapes of `LstmWeights`. */
export interface Float64Weights {
  input: Matrix | null;
  recurrent: Matrix;
  bias: number[];
  peepholes: Matrix | null;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/**
 * An LSTM with peepholes as its equations are printed, one number after the other: the independent source that the op
 * is compared with.
 *
 * @param x - `[T][B][I]`; null: no input.
 * @param h - Output before the first step `[B][H]`; likewise the cell c.
 */
export function float64Lstm(
  x: Matrix[] | null,
  { input, recurrent, bias, peepholes }: Float64Weights,
  h: Matrix,
  c: Matrix,
  steps: number,
): { outputs: Matrix[]; h: Matrix; c: Matrix } {
  const units = recurrent.length;
  const outputs: Matrix[] = [];
  for (let t = 0; t < steps; t++) {
    const next = h.map((before, b) => {
      const z = bias.map((value, column) => {
        let sum = value;
        before.forEach((y, k) => (sum += y * recurrent[k]![column]!));
        x?.[t]![b]!.forEach((y, k) => (sum += y * input![k]![column]!));
        return sum;
      });
      return before.map((_, j) => {
        const [zi, zf, za, zo] = [0, 1, 2, 3].map((gate) => z[gate * units + j]!) as [number, number, number, number];
        const [pi, pf, po] = [0, 1, 2].map((gate) => peepholes?.[gate]![j] ?? 0) as [number, number, number];
        const old = c[b]![j]!;
        const cell = sigmoid(zf + pf * old) * old + sigmoid(zi + pi * old) * Math.tanh(za);
        return { cell, output: sigmoid(zo + po * cell) * Math.tanh(cell) };
      });
    });
    h = next.map((row) => row.map(({ output }) => output));
    c = next.map((row) => row.map(({ cell }) => cell));
    outputs.push(h);
  }
  return { outputs, h, c };
}
