import type { SequenceAutoencoderOptions } from '../../src/models/sequence/sequence-autoencoder.js';
import { float64Lstm, type Float64Weights, type Matrix } from './float64-lstm.js';

/** Parameters by name, as plain numbers. */
export type PlainParameters = ReadonlyMap<string, { shape: readonly number[]; data: readonly number[] }>;

/**
 * The loss of a sequence autoencoder as its equations are printed, frame by frame in float64: the independent source
 * that the model is compared with.
 *
 * @param frames - `[T][B][D]`.
 */
export function float64Autoencoder(
  { model, conditional, copyInitState, values, channels, layers }: SequenceAutoencoderOptions,
  parameters: PlainParameters,
  frames: Matrix[],
  past: number,
): number {
  const matrix = (name: string): Matrix => {
    const { shape, data } = parameters.get(name)!;
    return Array.from({ length: shape[0]! }, (_, row) => data.slice(row * shape[1]!, (row + 1) * shape[1]!));
  };
  const vector = (name: string): number[] => [...parameters.get(name)!.data];
  const weights = (name: string): Float64Weights => ({
    input: parameters.has(`${name}.input`) ? matrix(`${name}.input`) : null,
    recurrent: matrix(`${name}.recurrent`),
    bias: vector(`${name}.bias`),
    peepholes: ['i', 'f', 'o'].map((gate) => vector(`${name}.peephole.${gate}`)),
  });
  const batch = frames[0]!.length;
  const rows = (width: number): Matrix => Array.from({ length: batch }, () => Array.from({ length: width }, () => 0));
  const units = parameters.get('encoder.0.recurrent')!.shape[0]!;

  /** One step of all layers; the states change in place. */
  const step = (name: string, x: Matrix | null, states: { h: Matrix; c: Matrix }[]): void => {
    let below = x;
    for (const [layer, state] of states.entries()) {
      const { h, c } = float64Lstm(below && [below], weights(`${name}.${layer}`), state.h, state.c, 1);
      [state.h, state.c] = [h, c];
      below = h;
    }
  };

  const encoded = Array.from({ length: layers }, () => ({ h: rows(units), c: rows(units) }));
  for (const frame of frames.slice(0, past)) step('encoder', frame, encoded);

  const lossOf = (name: string, targets: Matrix[]): number => {
    const states = encoded.map((state) => ({ ...state }));
    const [weight, bias] = [matrix(`${name}.output.weight`), vector(`${name}.output.bias`)];
    let sum = 0;
    targets.forEach((target, t) => {
      if (t > 0 || !copyInitState) {
        const before = t > 0 ? targets[t - 1]! : rows(channels);
        step(name, conditional ? before : null, states);
      }
      states.at(-1)!.h.forEach((h, b) => {
        bias.forEach((own, d) => {
          const y = h.reduce((total, value, k) => total + value * weight[k]![d]!, own);
          const wanted = target[b]![d]!;
          const p = 1 / (1 + Math.exp(-y));
          if (values === 'real') sum += 0.5 * (y - wanted) ** 2;
          else sum -= wanted * Math.log(p) + (1 - wanted) * Math.log(1 - p);
        });
      });
    });
    return sum / targets.length / batch;
  };

  const [seen, coming] = [frames.slice(0, past), frames.slice(past)];
  return (
    (model === 'future' ? 0 : lossOf('reconstruction', seen.toReversed())) +
    (model === 'autoencoder' ? 0 : lossOf('future', coming))
  );
}
