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

describe('a sequence autoencoder', () => {
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
