import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AggregatorOptions } from '../../../src/config/sections/aggregator-section.js';
import { buildAggregator } from '../../../src/models/aggregators/aggregator-catalogue.js';
import { arpAggregator } from '../../../src/models/aggregators/arp.js';
import { joined } from '../../../src/models/aggregators/joined.js';
import { maxAggregator } from '../../../src/models/aggregators/max.js';
import { meanAggregator } from '../../../src/models/aggregators/mean.js';
import { softbowAggregator } from '../../../src/models/aggregators/softbow.js';
import { vladAggregator } from '../../../src/models/aggregators/vlad.js';
import { checkGradients, rowsOf, seededRows } from '../../support/aggregators.js';

const channels = 4;

for (const seed of ['one', 'two'])
  test(`gradients are those of central differences: ${seed}`, () => {
    const rows = seededRows(6, channels, seed);
    for (const aggregator of [
      meanAggregator(channels),
      maxAggregator(channels),
      arpAggregator(channels, 'timeMean'),
      arpAggregator(channels, 'plain'),
      joined(maxAggregator(channels), meanAggregator(channels)),
    ])
      checkGradients(aggregator, rows, {});
    const values = {
      'aggregator.codebook': seededRows(3, channels, `${seed} words`).data,
      'aggregator.log_gamma': Float64Array.of(-0.5),
      'aggregator.log_sigma': seededRows(3, channels, `${seed} sigma`).data.map((s) => s / 4),
    };
    const softbow = softbowAggregator(channels, { words: 3, shapes: true });
    checkGradients(joined(softbow, meanAggregator(channels)), rows, values);
    checkGradients(joined(vladAggregator(channels, { words: 3 }), meanAggregator(channels)), rows, values);
  });

test('steps with the same maximum share its gradient', () => {
  const result = maxAggregator(2).aggregate(
    rowsOf([
      [0, 1],
      [0, 3],
      [-1, 3],
    ]),
    {},
  );
  assert.deepEqual([...result.value], [0, 3]);
  assert.deepEqual([...result.backward(Float64Array.of(2, 4)).rows], [1, 0, 1, 2, 0, 2]);
});

test('only the first of two may have parameters', () => {
  const softbow = softbowAggregator(channels, { words: 3, shapes: false });
  assert.throws(() => joined(meanAggregator(channels), softbow), /only the first/);
});

test('the table builds what a configuration names', () => {
  const all: [AggregatorOptions, number][] = [
    [{ type: 'mean' }, 4],
    [{ type: 'max', withMean: false }, 4],
    [{ type: 'max', withMean: true }, 8],
    [{ type: 'arp', weights: 'plain', withMean: false }, 4],
    [{ type: 'softbow', words: 3, shapes: true, withMean: false }, 3],
    [{ type: 'softbow', words: 3, shapes: false, withMean: true }, 7],
    [{ type: 'bow', words: 3, withMean: false }, 3],
    [{ type: 'vlad', words: 3, withMean: true }, 16],
    [{ type: 'fisher', words: 3, withMean: false }, 24],
  ];
  for (const [options, width] of all) assert.equal(buildAggregator(options, channels).channels, width, options.type);
});
