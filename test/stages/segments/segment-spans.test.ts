import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolSpan, snippetsIn, spanBins, type SegmentSpan } from '../../../src/stages/segments/segment-spans.js';
import { randomStream } from '../../../src/engine/random.js';
import { assertClose, seededArray } from '../../support/numeric.js';

/** Four snippets of two channels: 1..4 and 10..40. */
const features = { data: Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40), shape: [4, 2] } as const;
const long = { data: seededArray(23 * 3, 'video'), shape: [23, 3] } as const;

const random = randomStream(2, 'spans');
const spans = Array.from({ length: 50 }, (): SegmentSpan => {
  const start = random.between(-0.3, 1);
  return [start, start + random.between(0.01, 0.6)];
});

/** The first channel of each bin. */
const first = (span: SegmentSpan, bins: number) => [...spanBins(features, span, bins)].filter((_, i) => i % 2 === 0);

test('bins are means of equal parts, in order', () => {
  assert.deepEqual([...spanBins(features, [0, 1], 4)], [...features.data]);
  assert.deepEqual(first([0, 1], 2), [1.5, 3.5]);
  assert.deepEqual([...spanBins(features, [0, 1], 2)], [1.5, 15, 3.5, 35]);
  // Each third of the video is a snippet and a third of another.
  assertClose(first([0, 1], 3), [(1 + 2 / 3) / (4 / 3), (4 / 3 + 2) / (4 / 3), (1 + 8 / 3 + 4 / 3) / (4 / 3)], 1e-6);
});

test('bins of a span within a snippet are all that snippet', () => {
  assert.deepEqual(first([0.3, 0.4], 4), [2, 2, 2, 2]);
  // Half of it is in the second snippet, half in the third.
  assertClose(first([0.45, 0.55], 4), [2, 2, 3, 3], 1e-6);
});

test('of a span that reaches beyond the video, the part inside is cut', () => {
  for (const [beyond, inside] of [
    [
      [-0.5, 0.5],
      [0, 0.5],
    ],
    [
      [0.5, 1.7],
      [0.5, 1],
    ],
    [
      [-1, 2],
      [0, 1],
    ],
  ] as [SegmentSpan, SegmentSpan][]) {
    assert.deepEqual(spanBins(features, beyond, 4), spanBins(features, inside, 4), beyond.join());
    // No bin is of nothing.
    assert.ok(first(beyond, 4).every((value) => value >= 1));
  }
});

test('bins of a span of nothing, or beyond the video, are zeros and not NaN', () => {
  for (const span of [
    [0.3, 0.3],
    [1.2, 1.5],
    [-2, -1],
  ] as SegmentSpan[])
    assert.deepEqual([...spanBins(features, span, 3)], [0, 0, 0, 0, 0, 0], span.join());
});

test('one bin is the mean of the span, to the bit', () => {
  for (const span of spans) assert.deepEqual(spanBins(long, span, 1), poolSpan(long, span), span.join());
});

test('the mean of the bins is the mean of the span', () => {
  for (const span of spans)
    for (const bins of [2, 16]) {
      const rows = spanBins(long, span, bins);
      const mean = [0, 1, 2].map((c) => rows.reduce((sum, value, i) => (i % 3 === c ? sum + value / bins : sum), 0));
      assertClose(mean, poolSpan(long, span), 1e-4, span.join());
    }
});

test('snippets of a span: those whose middle lies in it, or the one around its middle', () => {
  // Of four snippets, whose middles are 0.125, 0.375, 0.625 and 0.875: the span, its first snippet, their number.
  const cases: [span: SegmentSpan, first: number, count: number][] = [
    [[0, 1], 0, 4],
    [[0.2, 0.7], 1, 2],
    [[0.375, 0.625], 1, 1],
    [[0.1, 0.9], 0, 4],
    [[0.4, 0.6], 2, 1],
    [[0.3, 0.31], 1, 1],
    [[0.5, 0.5], 2, 1],
    [[1, 1], 3, 1],
    // Jitter and windows reach beyond the video.
    [[-0.5, 0.2], 0, 1],
    [[0.8, 1.7], 3, 1],
    [[-0.4, -0.1], 0, 1],
    [[1.2, 1.5], 3, 1],
  ];
  for (const [span, first, count] of cases) assert.deepEqual(snippetsIn(span, 4), { first, count }, span.join());
  // Neighbours share none, and leave none out.
  for (let cut = 1; cut < 40; cut++) {
    const [a, b] = [snippetsIn([0, cut / 40], 23), snippetsIn([cut / 40, 1], 23)];
    if (cut > 1 && cut < 39) assert.deepEqual([a.count, b.first, a.count + b.count], [b.first, a.count, 23]);
  }
  for (const span of spans) {
    const { first, count } = snippetsIn(span, 23);
    assert.ok(first >= 0 && count >= 1 && first + count <= 23);
  }
});
