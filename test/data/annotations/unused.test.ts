import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mendInstances } from '../../../src/data/annotations/mend.js';
import { unusedInstances } from '../../../src/data/annotations/unused.js';

/** What is said of a video of 60 s at 25 frames a second with these instances. */
function said(times: [number, number][], fps = 25) {
  const annotated = times.map(([start, end]) => ({ start, end, label: 'x' }));
  const { instances } = mendInstances(annotated, 60);
  return unusedInstances('a.csv', [{ annotated, video: { id: 'm1', duration: 60, fps, instances } }]);
}

const refused = (times: [number, number][], message: RegExp, fps?: number) => {
  assert.throws(() => said(times, fps), { name: 'UsageError', message });
};

test('where no instance is left, it is said why, and what to do', () => {
  refused(
    [[500, 750]],
    /^a\.csv: 1 of 1 instances do not lie within .* \[500, 750\] in "m1" of 60 s: the times seem to be frame numbers: .*25 in that/,
  );
  refused([[12_000, 14_500]], /: the times seem to be milliseconds: divide them by 1000$/);
  refused([[500, 750]], /seem to be frame numbers or milliseconds$/, 0);
  refused([[61.5, 70.5]], /: times are seconds from the start of the video$/);
  // Points, and ends that are unknown.
  refused([[5, 5], [7, -1]], /2 of 2 .*: an instance needs a start and a later end, in seconds$/); // prettier-ignore
});

test('a tenth is worth a warning, less is not, and nothing is said of nothing', () => {
  const good = (count: number) => Array.from({ length: count }, (_, i): [number, number] => [i, i + 1]);
  assert.match(said([...good(9), [100, 200]])[0]!.text, /^a\.csv: 1 of 10 instances do not lie .*frame numbers/);
  assert.deepEqual(said([...good(10), [100, 200]]), []);
  assert.deepEqual(said([[50, 62]]), []);
  assert.deepEqual(said([]), []);
});
