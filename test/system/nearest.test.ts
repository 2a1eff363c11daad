import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../src/system/nearest.js';

test('the name that was probably meant', () => {
  assert.equal(nearest('evaluat', ['detect', 'evaluate', 'extract']), 'evaluate');
  assert.equal(nearest('jsno', ['json', 'engine']), undefined);
  assert.equal(nearest('jso', ['engine', 'json']), 'json');
  assert.equal(nearest('ground_truth', ['predictions', 'ground-truth']), 'ground-truth');
  assert.equal(nearest('fly', ['setup', 'runs']), undefined);
  assert.equal(nearest('x', []), undefined);
});
