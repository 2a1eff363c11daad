import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import {
  SequenceAutoencoder,
  type SequenceAutoencoderOptions,
} from '../../../src/models/sequence/sequence-autoencoder.js';
import { float64Autoencoder } from '../../support/float64-autoencoder.js';
import { assertClose, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

const [past, future, batch, channels, units] = [3, 2, 2, 3, 4] as const;

const composite: SequenceAutoencoderOptions = {
  model: 'composite',
  conditional: true,
  copyInitState: false,
  values: 'binary',
  channels,
  units,
  layers: 2,
};

/** A model whose parameters are all drawn at random, peepholes too. */
function modelOf(options: SequenceAutoencoderOptions): { model: SequenceAutoencoder; pass: Pass; all: Parameters } {
  const model = new SequenceAutoencoder(options);
  const all = new Parameters(model.parameters, randomStream(0, 'sequence'));
  for (const { name, shape } of all.specs) all.assign(name, seeded(shape as [number], name));
  return { model, all, pass: { parameters: all, normalization: 'running' } };
}

const frames = () => seeded<tf.Rank.R3>([past + future, batch, channels], 'frames', 0, 1);

const kinds = (['autoencoder', 'future', 'composite'] as const).flatMap((model) =>
  [false, true].flatMap((conditional) =>
    [false, true].flatMap((copyInitState) =>
      (['binary', 'real'] as const).map((values) => ({ ...composite, model, conditional, copyInitState, values })),
    ),
  ),
);

for (const options of kinds) {
  const { model: kind, conditional, copyInitState, values } = options;
  const name = `${conditional ? 'conditional ' : ''}${kind}, ${values}${copyInitState ? ', state read at once' : ''}`;
  it(`${name}: loss and gradients are those of the equations in float64`, () => {
    const { model, all, pass } = modelOf(options);
    const x = frames();
    const names = all.trainable();
    const variables = names.map((n) => all.variable(n));
    const { value, grads } = tf.variableGrads(() => model.loss(x, past, pass).total, variables);
    const plain = new Map(names.map((n) => [n, { shape: all.get(n).shape, data: Array.from(all.get(n).dataSync()) }]));
    const sequence = x.arraySync();
    const loss = () => float64Autoencoder(options, plain, sequence, past);
    assertClose(value.dataSync(), [loss()], 1e-6, 'loss');
    for (const n of names) {
      const { data } = plain.get(n)!;
      const numeric = data.map((own, i) => {
        const at = (by: number) => {
          data[i] = own + by;
          return loss();
        };
        const slope = (at(1e-5) - at(-1e-5)) / 2e-5;
        data[i] = own;
        return slope;
      });
      assertClose(grads[all.variable(n).name]!.dataSync(), numeric, 2e-5, `gradient of ${n}`);
    }
    tf.dispose([value, grads]);
    all.dispose();
  });
}

/** A model of one unit and one channel, whose parameters are 0 but for those that are named. */
function byHand(conditional: boolean, named: Readonly<Record<string, number[]>>) {
  const small = { ...composite, values: 'real', conditional, channels: 1, units: 1, layers: 1 } as const;
  const { model, all, pass } = modelOf(small);
  for (const { name, shape } of all.specs) {
    const zeros = new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0);
    all.assign(name, tf.tensor(named[name] ?? zeros, shape));
  }
  return { model, pass };
}

/** So large a sum opens a gate, and its negative closes it. */
const open = 40;

describe('a sequence autoencoder', () => {
  it('by hand: the past is reconstructed in reverse, the future predicted in order', () => {
    // The encoder stays at 0. The cells of both decoders grow by ¼ a step, so that their frames are tanh of ¼, ½, ¾.
    const growing = [open, open, Math.atanh(0.25), open];
    const { model, pass } = byHand(false, {
      'encoder.0.bias': [-open, open, 0, open],
      'reconstruction.0.bias': growing,
      'reconstruction.output.weight': [1],
      'future.0.bias': growing,
      'future.output.weight': [1],
    });
    const [a, b, c] = [0.25, 0.5, 0.75].map(Math.tanh) as [number, number, number];
    const sequence = tf.tensor3d([c, b, a, a, b], [5, 1, 1]);
    assert.ok(model.loss(sequence, 3, pass).total.dataSync()[0]! < 1e-12);
    const { terms } = model.loss(tf.reverse(sequence, 0), 3, pass);
    // The past b, a, a is met by a, b, c in its reverse a, a, b: off by 0, b - a, c - b.
    const off = ((b - a) ** 2 + (c - b) ** 2) / 6;
    assertClose(terms['reconstruction']!.dataSync(), [off], 1e-5);
    assertClose(model.reconstruct(tf.slice(sequence, 0, 3), pass, 'free').dataSync(), [c, b, a], 1e-6);
    const future = tf.zeros<tf.Rank.R3>([2, 1, 1]);
    assertClose(model.predict(tf.slice(sequence, 0, 3), future, pass, 'free').dataSync(), [a, b], 1e-6);
    assertClose(
      model.predictionErrors(tf.concat([tf.slice(sequence, 0, 3), future]), 3, pass).dataSync(),
      [a * a, b * b],
      1e-5,
    );
  });

  it('by hand: a conditional decoder sees the frame before in its own order, and none at first', () => {
    // Decoders forget, and make g = tanh ∘ tanh of what they see: of frame T - t at step t of the reconstruction.
    const copying = { bias: [open, -open, 0, open], input: [0, 0, 1, 0] };
    const { model, pass } = byHand(true, {
      'reconstruction.0.bias': copying.bias,
      'reconstruction.0.input': copying.input,
      'reconstruction.output.weight': [1],
      'future.0.bias': copying.bias,
      'future.0.input': copying.input,
      'future.output.weight': [1],
    });
    const g = (x: number) => Math.tanh(Math.tanh(x));
    const [last, first] = [0.8, 0.5];
    const sequence = tf.tensor3d([g(g(last)), g(last), last, first, g(first)], [5, 1, 1]);
    const { terms } = model.loss(sequence, 3, pass);
    // Only the first frame of each decoder, before which it sees nothing, is not foreseen.
    assertClose(terms['reconstruction']!.dataSync(), [last ** 2 / 2 / 3], 1e-6);
    assertClose(terms['future']!.dataSync(), [first ** 2 / 2 / 2], 1e-6);
    // By its own frames it goes on from 0.
    assertClose(
      model.loss(sequence, 3, pass, 'free').terms['future']!.dataSync(),
      [(first ** 2 + g(first) ** 2) / 4],
      1e-6,
    );
  });

  it('refuses what it is not made for', () => {
    const { model, pass } = modelOf({ ...composite, model: 'autoencoder' });
    const x = frames();
    assert.throws(() => model.predict(x, x, pass, 'free'), /does not predict the future/);
    assert.throws(() => modelOf({ ...composite, model: 'future' }).model.reconstruct(x, pass, 'free'), RangeError);
    assert.throws(() => modelOf(composite).model.loss(x, past + future, pass), /nothing to predict/);
    assert.throws(() => model.loss(x, 0, pass), RangeError);
  });

  it('has items whose mean is the total', () => {
    const { model, pass } = modelOf(composite);
    const { total, items, terms } = model.loss(frames(), past, pass);
    const each = items();
    assert.deepEqual(each.shape, [batch]);
    assertClose(tf.mean(each).dataSync(), total.dataSync(), 1e-6);
    assertClose(tf.add(terms['reconstruction']!, terms['future']!).dataSync(), total.dataSync(), 1e-6);
  });

  it('forgets little at first, and starts within 1/√fan-in', () => {
    const { parameters } = new SequenceAutoencoder(composite);
    const all = new Parameters(parameters, randomStream(0, 'start'));
    assert.deepEqual(
      [...all.get('encoder.1.bias').dataSync()],
      [0, 1, 0, 0].flatMap((v) => new Array<number>(units).fill(v)),
    );
    assert.deepEqual([...all.get('future.0.peephole.o').dataSync()], new Array<number>(units).fill(0));
    const largest = Math.max(...all.get('encoder.0.input').dataSync().map(Math.abs));
    assert.ok(largest <= 1 / Math.sqrt(channels) && largest > 0.8 / Math.sqrt(channels));
    all.dispose();
  });

  it("has an encoder whose gradient is the sum of what both decoders' first states pass back", () => {
    const x = frames();
    const gradients = (options: SequenceAutoencoderOptions) => {
      const { model, all, pass } = modelOf(options);
      const names = all.trainable().filter((n) => n.startsWith('encoder.'));
      const { grads } = tf.variableGrads(
        () => model.loss(x, past, pass).total,
        names.map((n) => all.variable(n)),
      );
      return names.map((n) => grads[all.variable(n).name]!);
    };
    const both = gradients(composite);
    const one = gradients({ ...composite, model: 'autoencoder' });
    const other = gradients({ ...composite, model: 'future' });
    assert.equal(both.length, 2 * 6);
    both.forEach((sum, i) => {
      assertClose(sum.dataSync(), tf.add(one[i]!, other[i]!).dataSync(), 1e-5);
    });
  });

  it('leaves nothing behind', () => {
    const { model, pass } = modelOf(composite);
    const x = frames();
    assertLeavesNothing(() => tf.tidy(() => model.loss(x, past, pass).total));
    assertLeavesNothing(() => tf.tidy(() => model.states(x, pass)));
    for (const unrolling of ['forced', 'free'] as const) {
      assertLeavesNothing(() => model.reconstruct(x, pass, unrolling));
      assertLeavesNothing(() => model.predict(x, x, pass, unrolling));
    }
    assertLeavesNothing(() => model.predictionErrors(x, past, pass));
  });
});
