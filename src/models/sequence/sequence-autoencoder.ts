import * as tf from '@tensorflow/tfjs-core';
import { bernoulliFrameLoss, squaredFrameLoss } from '../../engine/ops/frame-losses.js';
import type { LstmState } from '../../engine/ops/lstm/lstm-tensors.js';
import type { HeadLoss } from '../heads/head.js';
import type { Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';
import { frameDecoder, type FrameDecoder } from './frame-decoder.js';
import { lstmStack, type LstmStack } from './lstm-stack.js';

export interface SequenceAutoencoderOptions {
  /** What is made of the encoder's state: the past in reverse, the future, or both. */
  model: 'autoencoder' | 'future' | 'composite';
  /** Whether decoders see the frame before each step. */
  conditional: boolean;
  /** Whether decoders read their first frame from the encoder's state as it is, before their first step. */
  copyInitState: boolean;
  /** `binary`: values from 0 to 1 as probabilities, cross-entropy in nats; `real`: half the squared error. */
  values: 'binary' | 'real';
  /** Channels of a frame, D. */
  channels: number;
  units: number;
  layers: number;
}

/** Whether a conditional decoder sees true frames, or its own. Unconditioned decoders see none. */
export type Unrolling = 'forced' | 'free';

/**
 * An LSTM encoder that is trained without labels: from its state one decoder reconstructs the past in reverse and
 * another predicts the future (Srivastava et al. 2015, §2.2-2.4; docs/method.md §16.3). Parameters of the encoder begin
 * with `encoder.`, as those of {@link lstmStack} and of the sequence classifier do. None depends on a length.
 *
 * All sequences are `[T, B, D]`, time first.
 */
export class SequenceAutoencoder {
  readonly parameters: ParameterSpec[];
  private readonly encoder: LstmStack;
  private readonly reconstruction: FrameDecoder | null;
  private readonly future: FrameDecoder | null;

  constructor(private readonly options: SequenceAutoencoderOptions) {
    const { model, channels, units, layers } = options;
    this.encoder = lstmStack('encoder', { inputs: channels, units, layers });
    this.reconstruction = model === 'future' ? null : frameDecoder('reconstruction', options);
    this.future = model === 'autoencoder' ? null : frameDecoder('future', options);
    const parts = [this.encoder, this.reconstruction, this.future];
    this.parameters = parts.flatMap((part) => part?.parameters ?? []);
  }

  /**
   * The loss on the tape: that of the reconstruction of the first `past` frames, and that of the prediction of the
   * others, each a sum over channels and a mean over frames and items; their total where there are both.
   *
   * @param sequence - `[past + future, B, D]`. An autoencoder looks at the past only.
   * @param unrolling - `forced` for training; `free` tells how good the frames are that the model makes by itself.
   * @throws RangeError where there is no past, or no future to predict.
   */
  loss(sequence: tf.Tensor3D, past: number, pass: Pass, unrolling: Unrolling = 'forced'): HeadLoss {
    const [seen, coming] = this.parts(sequence, past);
    const { states } = this.encoder.run(seen, past, pass, { inputGradient: false });
    const frameLoss = this.options.values === 'binary' ? bernoulliFrameLoss : squaredFrameLoss;
    const lossOf = (decoder: FrameDecoder, targets: tf.Tensor3D): tf.Tensor1D =>
      tf.mean(frameLoss(this.unroll(decoder, states, targets, unrolling, pass), targets), 0);
    const items: Record<string, tf.Tensor1D> = {
      ...(this.reconstruction && { reconstruction: lossOf(this.reconstruction, reversed(seen)) }),
      ...(this.future && { future: lossOf(this.future, coming!) }),
    };
    const each = tf.addN(Object.values(items));
    return {
      total: tf.mean(each),
      terms: Object.fromEntries(Object.entries(items).map(([name, losses]) => [name, tf.mean<tf.Scalar>(losses)])),
      items: () => each,
    };
  }

  /**
   * Outputs of the encoder's top layer for all steps: x `[T, B, D]` → `[T, B, H]`. On the tape, with the gradient of x.
   */
  states(x: tf.Tensor3D, pass: Pass): tf.Tensor3D {
    return this.encoder.run(x, x.shape[0], pass).outputs;
  }

  /**
   * The past `[T, B, D]` as the decoder reconstructs it, in the order of time.
   *
   * @throws RangeError for a model that does not reconstruct.
   */
  reconstruct(past: tf.Tensor3D, pass: Pass, unrolling: Unrolling): tf.Tensor3D {
    const decoder = this.reconstruction ?? missing('reconstruct the past');
    return tf.tidy(() => reversed(this.frames(decoder, past, reversed(past), unrolling, pass)));
  }

  /**
   * The S frames after the past `[T, B, D]`, as the decoder predicts them.
   *
   * @param future - `[S, B, D]`, which decoders see where they are forced; `free` ones count its frames only.
   * @throws RangeError for a model that does not predict.
   */
  predict(past: tf.Tensor3D, future: tf.Tensor3D, pass: Pass, unrolling: Unrolling): tf.Tensor3D {
    const decoder = this.future ?? missing('predict the future');
    return tf.tidy(() => this.frames(decoder, past, future, unrolling, pass));
  }

  /**
   * How far each step is from its prediction by the past, ‖v̂ − v‖² `[T − past, B]`: evidence of a boundary. Decoders
   * see their own frames.
   *
   * @param sequence - `[T, B, D]`, of which the first `past` frames are given.
   * @throws RangeError for a model that does not predict, and where there is nothing to predict.
   */
  predictionErrors(sequence: tf.Tensor3D, past: number, pass: Pass): tf.Tensor2D {
    return tf.tidy(() => {
      const [seen, coming] = cut(sequence, past);
      const predicted = this.predict(seen, coming, pass, 'free');
      return tf.sum(tf.squaredDifference(predicted, coming), 2);
    });
  }

  /** Past and future; no future for an autoencoder, which may have been given none. */
  private parts(sequence: tf.Tensor3D, past: number): [past: tf.Tensor3D, future: tf.Tensor3D | null] {
    if (this.future) return cut(sequence, past);
    const [steps, batch, channels] = sequence.shape;
    if (past < 1 || past > steps) throw new RangeError(`a past of ${past} of ${steps} frames`);
    return [tf.slice(sequence, [0, 0, 0], [past, batch, channels]), null];
  }

  /** What a decoder makes of the states, before its non-linearity; `targets` are in its order. */
  private unroll(
    decoder: FrameDecoder,
    states: readonly LstmState[],
    targets: tf.Tensor3D,
    unrolling: Unrolling,
    pass: Pass,
  ): tf.Tensor3D {
    if (unrolling === 'forced') return decoder.forced(states, targets, pass);
    return decoder.free(states, targets.shape[0], pass, (output) => this.frameOf(output));
  }

  /** The frames that a decoder makes of the past. */
  private frames(decoder: FrameDecoder, past: tf.Tensor3D, targets: tf.Tensor3D, unrolling: Unrolling, pass: Pass) {
    const { states } = this.encoder.run(past, past.shape[0], pass);
    return this.frameOf(this.unroll(decoder, states, targets, unrolling, pass));
  }

  private frameOf(output: tf.Tensor3D): tf.Tensor3D {
    return this.options.values === 'binary' ? tf.sigmoid(output) : output;
  }
}

/** The first `past` frames, and the others. */
function cut(sequence: tf.Tensor3D, past: number): [past: tf.Tensor3D, future: tf.Tensor3D] {
  const [steps, batch, channels] = sequence.shape;
  if (past < 1 || past >= steps) throw new RangeError(`a past of ${past} of ${steps} frames leaves nothing to predict`);
  return [
    tf.slice(sequence, [0, 0, 0], [past, batch, channels]),
    tf.slice(sequence, [past, 0, 0], [steps - past, batch, channels]),
  ];
}

/** Frames in reverse: step t of the reconstruction is frame T − 1 − t. */
function reversed(frames: tf.Tensor3D): tf.Tensor3D {
  return tf.reverse(frames, 0);
}

function missing(what: string): never {
  throw new RangeError(`this model does not ${what}`);
}
