import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseCues } from '../../../src/report/detections/cues.js';
import { srt, vtt } from '../../../src/report/detections/subtitles.js';
import { parseSrt, parseVtt } from '../../support/subtitles.js';

const cues = [
  { start: 0, end: 1.2344, label: 'serve', score: 0.5 },
  { start: 59.9996, end: 3661.5, label: 'a <b> & c', score: 1 },
  { start: 3661.5, end: 3661.5002, label: ' two\nlines\u2028--> 00:00 ', score: 0.125 },
  { start: 360_000, end: 360_001, label: 'ünï — 日本', score: 0.0049 },
];

describe('subtitles', () => {
  it('SRT: what a strict reader finds in them', () => {
    assert.deepEqual(parseSrt(srt(cues)), [
      { start: 0, end: 1.234, text: 'serve (0.50)' },
      { start: 60, end: 3661.5, text: 'a <b> & c (1.00)' },
      { start: 3661.5, end: 3661.501, text: 'two lines → 00:00 (0.13)' },
      { start: 360_000, end: 360_001, text: 'ünï — 日本 (0.00)' },
    ]);
    assert.equal(srt(cues.slice(0, 1)), '1\n00:00:00,000 --> 00:00:01,234\nserve (0.50)\n');
    assert.equal(srt([]), '');
  });

  it('WebVTT: what a strict reader finds in them', () => {
    assert.deepEqual(parseVtt(vtt(cues)), [
      { start: 0, end: 1.234, text: 'serve (0.50)' },
      { start: 60, end: 3661.5, text: 'a <b> & c (1.00)' },
      { start: 3661.5, end: 3661.501, text: 'two lines --> 00:00 (0.13)' },
      { start: 360_000, end: 360_001, text: 'ünï — 日本 (0.00)' },
    ]);
    assert.doesNotMatch(vtt(cues).replace(/^[\d:.]+ --> [\d:.]+$/gm, ''), /-->|<b>/);
    assert.equal(vtt([]), 'WEBVTT\n');
  });
});

describe('what is shown', () => {
  const detection = (start: number, end: number, score: number, label = 'a') => ({
    segment: [start, end] as [number, number],
    score,
    label,
  });
  const found = [
    detection(10, 20, 0.9),
    detection(11, 20, 0.8),
    // The second label of the same segment.
    detection(10, 20, 0.7, 'b'),
    detection(19, 30, 0.4),
    detection(40, 41, 0.31),
    detection(50, 60, 0.29),
    detection(0, 4, 0.35),
  ];

  it('of those that share most of their time the best, from a third of the best score on, by time', () => {
    assert.deepEqual(
      chooseCues(found, null).map(({ start, score }) => [start, score]),
      [
        [0, 0.35],
        [10, 0.9],
        [19, 0.4],
        [40, 0.31],
      ],
    );
    assert.deepEqual(chooseCues([], null), []);
  });

  it('from a given score on', () => {
    assert.deepEqual(
      chooseCues(found, 0.4).map(({ score }) => score),
      [0.9, 0.4],
    );
    assert.equal(chooseCues(found, 0).length, 5);
    assert.deepEqual(chooseCues(found, 0.91), []);
  });
});
