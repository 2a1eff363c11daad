import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encoderWords, headWords, stageWords } from '../../../src/report/run/model-words.js';

test('what a model is made of is said where it is not the usual', () => {
  const usual = { encoder: { type: 'resnet18', input: 'rgb', aggregator: { type: 'mean' } }, model: { type: 'gtad' } };
  assert.equal(encoderWords(usual), 'resnet18');
  assert.equal(headWords(usual), 'gtad');
  const other = {
    encoder: { type: 'mobilenet-v2', input: 'rgb+dynamic', aggregator: { type: 'rank', C: 1 } },
    model: { type: 'pyramid', arp: 8 },
    segments: { aggregator: { type: 'fisher' } },
  };
  assert.equal(encoderWords(other), 'mobilenet-v2, input rgb+dynamic, frames by rank');
  assert.equal(headWords(other), 'pyramid, channels of order over 8 snippets, classes by fisher');
  const sequence = { model: { type: 'gtad' }, segments: { classifier: 'lstm', aggregator: null } };
  assert.equal(headWords(sequence), 'gtad, classes by lstm');
});

test('how the items of batches are chosen is said where it is not in random order', () => {
  const by = (type: string) => ({ sampler: { type, k: 0.5 } });
  const config = { pretrain: by('shuffled'), head: { ...by('model'), classifier: by('history') } };
  assert.equal(stageWords(config, 'pretrain'), 'pretrain');
  assert.equal(stageWords(config, 'joint'), 'joint');
  assert.equal(stageWords(config, 'head'), 'head, items by model');
  assert.equal(stageWords(config, 'segments'), 'segments, items by history');
});

test('configurations of older versions, and odd ones, are no obstacle', () => {
  assert.equal(encoderWords({ encoder: 'tsm-resnet18' }), 'tsm-resnet18');
  assert.equal(encoderWords({}), '–');
  assert.equal(stageWords({ head: 3 }, 'segments'), 'segments');
  assert.equal(headWords({ model: null, segments: [], encoder: 3 }), '–');
});
