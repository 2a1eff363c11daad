import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  locationsOf,
  paddedLength,
  pyramidLevels,
  toFraction,
  toPlace,
} from '../../../../src/models/heads/pyramid/levels.js';

test("ActionFormer's ranges, and those that overlap", () => {
  const ranges = (overlap: boolean) => pyramidLevels({ levels: 6, overlap }).map(({ range }) => range);
  assert.deepEqual(ranges(false), [
    [0, 4],
    [4, 8],
    [8, 16],
    [16, 32],
    [32, 64],
    [64, Infinity],
  ]);
  assert.deepEqual(ranges(true), [
    [0, 4],
    [2, 8],
    [4, 16],
    [8, 32],
    [16, 64],
    [32, Infinity],
  ]);
  assert.deepEqual(
    pyramidLevels({ levels: 3, overlap: true }).map(({ stride }) => stride),
    [1, 2, 4],
  );
});

test('the last level has a whole number of locations, and each level those that lie on the video', () => {
  assert.equal(paddedLength(256, 6), 256);
  assert.equal(paddedLength(257, 6), 288);
  assert.equal(paddedLength(1, 6), 32);
  const [first, second, third] = pyramidLevels({ levels: 3, overlap: true });
  assert.deepEqual(
    [first!, second!, third!].map((level) => locationsOf(level, 5)),
    [5, 3, 2],
  );
});

test('the middle of snippet i is place i', () => {
  assert.equal(toPlace(0.5 / 10, 10), 0);
  assert.equal(toPlace(1, 10), 9.5);
  assert.equal(toFraction(3, 10), 0.35);
  assert.ok(Math.abs(toFraction(toPlace(0.37, 17), 17) - 0.37) < 1e-12);
});
