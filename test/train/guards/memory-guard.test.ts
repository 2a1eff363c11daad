import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryGuard } from '../../../src/train/guards/memory-guard.js';

function watched(perEpoch = 10): { check: (rssMiB: number, times?: number) => void; lines: string[] } {
  const lines: string[] = [];
  const guard = new MemoryGuard('joint', perEpoch, (line) => lines.push(line));
  const check = (rssMiB: number, times = 1) => {
    for (let i = 0; i < times; i++) guard.check(rssMiB);
  };
  return { check, lines };
}

test('memory may settle for 500 steps, or an epoch; then each growth by a fifth and 512 MiB is told once', () => {
  const { check, lines } = watched();
  check(1000);
  check(4000, 499);
  check(5300, 10);
  assert.deepEqual(lines, []);
  check(5400, 10);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^WARNING: joint: .* from 4000 to 5400 MiB\..*data\.memoryGiB.*data\.prefetch/);
  check(6900, 10);
  check(7100, 10);
  assert.equal(lines.length, 2);
});

test('in a first epoch of many steps, decoded frames are still being kept', () => {
  const { check, lines } = watched(800);
  check(1000, 500);
  check(4000, 300);
  check(4100, 300);
  assert.deepEqual(lines, []);
});
