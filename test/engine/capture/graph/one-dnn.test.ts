import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differsInGraph, oneDnnKernel } from '../../../../src/engine/capture/graph/one-dnn.js';

const float = { type: 1, padding: undefined, rank: 4 };

test('a node names the kernel that a call would run', () => {
  assert.equal(oneDnnKernel('Conv2D', float), '_MklNativeConv2D');
  assert.equal(oneDnnKernel('MatMul', float), '_MklMatMul');
  assert.equal(oneDnnKernel('AddV2', float), null);
  assert.equal(oneDnnKernel('FusedBatchNormV3', float), '_MklNativeFusedBatchNormV3');
  assert.equal(oneDnnKernel('FusedBatchNormV3', { ...float, rank: 5 }), null);
  assert.equal(oneDnnKernel('Conv2D', { ...float, padding: 'EXPLICIT' }), '_MklNativeConv2D');
  assert.equal(oneDnnKernel('Conv2DBackpropFilter', { ...float, padding: 'EXPLICIT' }), null);
});

test('for types whose kernel depends on the processor nothing is guessed', () => {
  assert.throws(() => oneDnnKernel('MatMul', { ...float, type: 14 }), /MatMul of type 14/);
  assert.throws(() => oneDnnKernel('MatMul', { ...float, type: undefined }), /cannot be captured/);
  assert.equal(oneDnnKernel('Cast', { ...float, type: 14 }), null);
});

test('ops that a graph always replaces are called by themselves', () => {
  assert.ok(differsInGraph('Softmax', () => undefined));
  assert.ok(differsInGraph('_FusedConv2D', () => 'SAME'));
  assert.ok(differsInGraph('MaxPoolGrad', () => 'VALID'));
  assert.ok(!differsInGraph('MaxPoolGrad', () => 'EXPLICIT'));
  assert.ok(!differsInGraph('Conv2D', () => 'SAME'));
});
