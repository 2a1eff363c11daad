/** FloatArray in either precision: checkpoints hold float32, gradient checks need float64. */
export type FloatArray = Float32Array | Float64Array;

/**
 * The weights of an LSTM layer of H units over inputs of I numbers, or their gradients. Rows are those of the gates:
 * input, forget, cell, output, H each.
 */
export interface LstmWeights<T extends FloatArray = FloatArray> {
  /** `[4H, I]`. */
  input: T;
  /** `[4H, H]`. */
  recurrent: T;
  /** `[4H]`. */
  bias: T;
}

/** What the backward pass needs of a forward pass over T steps. */
export interface LstmRecord {
  /** Inputs `[T, I]`. */
  x: Float64Array;
  /** Gates after their non-linearity `[T, 4H]`. */
  gates: Float64Array;
  /** Cells `[T, H]`. */
  cells: Float64Array;
  /** Outputs `[T, H]`. */
  outputs: Float64Array;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * Runs an LSTM layer (Hochreiter & Schmidhuber 1997, with forget gates) over a sequence, from a state of zeros.
 *
 * @param x - Inputs `[T, I]`.
 * @param units - H.
 */
export function runLstm({ input, recurrent, bias }: LstmWeights, x: Float64Array, units: number): LstmRecord {
  const width = input.length / (4 * units);
  const steps = x.length / width;
  const gates = new Float64Array(steps * 4 * units);
  const cells = new Float64Array(steps * units);
  const outputs = new Float64Array(steps * units);
  for (let t = 0; t < steps; t++) {
    const [at, before] = [t * units, (t - 1) * units];
    const gate = t * 4 * units;
    for (let row = 0; row < 4 * units; row++) {
      let z = bias[row]! + dot(input, row * width, x, t * width, width);
      if (t > 0) z += dot(recurrent, row * units, outputs, before, units);
      gates[gate + row] = row >= 2 * units && row < 3 * units ? Math.tanh(z) : sigmoid(z);
    }
    for (let j = 0; j < units; j++) {
      const kept = t > 0 ? gates[gate + units + j]! * cells[before + j]! : 0;
      const cell = kept + gates[gate + j]! * gates[gate + 2 * units + j]!;
      cells[at + j] = cell;
      outputs[at + j] = gates[gate + 3 * units + j]! * Math.tanh(cell);
    }
  }
  return { x, gates, cells, outputs };
}

/**
 * The backward pass of {@link runLstm}: adds the gradients of the weights to `gradient`.
 *
 * @param outputs - The gradient of the loss by the outputs `[T, H]`.
 * @returns The gradient of the loss by the inputs `[T, I]`.
 */
export function lstmGradient(
  { input, recurrent }: LstmWeights,
  record: LstmRecord,
  outputs: Float64Array,
  units: number,
  gradient: LstmWeights<Float64Array>,
): Float64Array {
  const width = input.length / (4 * units);
  const steps = outputs.length / units;
  const ofInputs = new Float64Array(steps * width);
  const ofOutput = new Float64Array(units);
  const ofCell = new Float64Array(units);
  const ofGates = new Float64Array(4 * units);
  for (let t = steps - 1; t >= 0; t--) {
    const [at, before, gate] = [t * units, (t - 1) * units, t * 4 * units];
    for (let j = 0; j < units; j++) {
      const [i, f, a, o] = [0, 1, 2, 3].map((block) => record.gates[gate + block * units + j]!) as Four;
      const squashed = Math.tanh(record.cells[at + j]!);
      const dh = outputs[at + j]! + ofOutput[j]!;
      const dc = ofCell[j]! + dh * o * (1 - squashed * squashed);
      const cellBefore = t > 0 ? record.cells[before + j]! : 0;
      ofGates[j] = dc * a * i * (1 - i);
      ofGates[units + j] = dc * cellBefore * f * (1 - f);
      ofGates[2 * units + j] = dc * i * (1 - a * a);
      ofGates[3 * units + j] = dh * squashed * o * (1 - o);
      ofCell[j] = dc * f;
    }
    ofOutput.fill(0);
    for (let row = 0; row < 4 * units; row++) {
      const dz = ofGates[row]!;
      gradient.bias[row]! += dz;
      for (let k = 0; k < width; k++) {
        gradient.input[row * width + k]! += dz * record.x[t * width + k]!;
        ofInputs[t * width + k]! += dz * input[row * width + k]!;
      }
      if (t === 0) continue;
      for (let k = 0; k < units; k++) {
        gradient.recurrent[row * units + k]! += dz * record.outputs[before + k]!;
        ofOutput[k]! += dz * recurrent[row * units + k]!;
      }
    }
  }
  return ofInputs;
}

type Four = [number, number, number, number];

function dot(a: FloatArray, fromA: number, b: Float64Array, fromB: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += a[fromA + k]! * b[fromB + k]!;
  return sum;
}
