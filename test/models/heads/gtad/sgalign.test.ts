import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { sparseMatrix } from '../../../../src/engine/ops/graph/sparse-matrix.js';
import { alignProjected } from '../../../../src/models/heads/gtad/sgalign.js';
import { alignRow, anchors, regionOfInterest } from '../../../../src/models/heads/gtad/anchors.js';
import { assertGradients, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();

const bins = { inner: 3, context: 2 };
const snippets = 4;
const rows = anchors(snippets).map((anchor) => alignRow(regionOfInterest(anchor), bins, snippets));

test('aligning projected nodes: gradients of central differences through every input, several videos', () => {
  const matrix = sparseMatrix(rows, (bins.inner + bins.context) * snippets);
  const inputs = [
    seeded([2, snippets, 3], 'graph'),
    seeded([2, snippets, 3], 'semantic'),
    seeded([1, 3 * 5, 6], 'weight'),
    seeded([6], 'bias'),
  ];
  const align = (...[graph, semantic, weight, bias]: tf.Tensor[]) =>
    alignProjected(
      graph as tf.Tensor3D,
      semantic as tf.Tensor3D,
      weight as tf.Tensor3D,
      bias as tf.Tensor1D,
      matrix,
      bins,
    );
  const y = align(...inputs);
  assert.deepEqual(y.shape, [2, 10, 6]);
  // The case has values on both sides of the ReLU.
  const positive = y.dataSync().filter((value) => value > 0).length;
  assert.ok(positive > 20 && positive < 100);
  y.dispose();
  assertGradients(align, inputs, { step: 1e-3 });
  assertLeavesNothing(() => align(...inputs));
  assertLeavesNothing(() => tf.grads((...all) => tf.sum(align(...all)))(inputs));
  matrix.dispose();
});
