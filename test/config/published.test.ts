import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { buildHead } from '../../src/models/heads/head-catalogue.js';

const load = (name: string) => loadConfig(`configs/${name}.yaml`).config;

void test('HACS: the shapes and the optimiser of ActivityNet, the head’s own batch and rate', () => {
  const [hacs, activitynet] = [load('hacs/lofi-long'), load('activitynet/lofi-long')];
  assert.deepEqual([hacs.joint, hacs.model, hacs.detect], [activitynet.joint, activitynet.model, activitynet.detect]);
  assert.deepEqual(hacs.head, { ...activitynet.head, batch: 32, lr: 5e-4 });
  assert.equal(hacs.data.format, 'hacs');
});

void test('THUMOS14: the head of docs/method.md §7.1 with its parameters', () => {
  const { model, head, detect, evaluation } = load('thumos14/gtad');
  assert.equal(evaluation.preset, 'thumos14');
  assert.deepEqual([head.lr, head.batch, head.clipNorm, detect.softNmsSigma], [4e-5, 8, 1, 0.46]);
  const count = (features: number) =>
    buildHead(model, features, 20).parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  // Compared with ActivityNet's head for these features, 4 of 36 bins are missing, and two layers of 128 channels have
  // 9 weights in place of each one.
  assert.equal(count(2048), 5_879_684 - 4 * 256 * 512 + 2 * 8 * 128 * 128);
});

void test('on published features no videos are needed, and the head is that of the set', () => {
  for (const [set, whole] of [
    ['activitynet', 'lofi-long'],
    ['hacs', 'lofi-long'],
    ['thumos14', 'gtad'],
  ] as const) {
    const [features, videos] = [load(`${set}/features`), load(`${set}/${whole}`)];
    assert.equal(features.data.videos, null);
    assert.ok(features.data.features);
    assert.deepEqual(
      [features.head, features.detect, features.evaluation],
      [videos.head, videos.detect, videos.evaluation],
    );
  }
  assert.deepEqual(load('thumos14/features').model.window, { snippets: 256, every: 4 });
});

void test('the pyramid by ActionFormer’s files: thumos_i3d.yaml and anet_i3d.yaml over its defaults', () => {
  for (const [set, own] of [
    ['thumos14', { width: 512, attention: 19, window: 2304, batch: 2, lr: 1e-4, epochs: 35, sigma: 0.5, keep: 200 }],
    [
      'activitynet',
      { width: 256, attention: 7, window: null, batch: 16, lr: 1e-3, epochs: 15, sigma: 0.75, keep: 100 },
    ],
  ] as const) {
    const { model, head, detect, data } = load(`${set}/pyramid`);
    assert.ok(model.type === 'pyramid');
    assert.ok(data.features !== null && data.videos === null);
    const { width, attention, window, levels, heads, dropPath, centreRadius } = model;
    const { batch, lr, epochs, warmupEpochs, optimizer, lrSchedule, weightDecay, clipNorm, ema } = head;
    const { softNmsSigma: sigma, keep, minScore } = detect;
    assert.deepEqual({ width, attention, window: window?.snippets ?? null, batch, lr, epochs, sigma, keep }, own);
    assert.deepEqual([levels, heads, dropPath, centreRadius, minScore], [6, 4, 0.1, 1.5, 1e-3]);
    assert.deepEqual(
      [optimizer, lrSchedule, warmupEpochs, weightDecay, clipNorm, ema],
      ['adamw', 'cosine', 5, 0.05, 1, 0.999],
    );
  }
});
