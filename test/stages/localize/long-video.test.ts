import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { softNms, type Proposal } from '../../../src/evaluation/suppression/soft-nms.js';
import { configSchema } from '../../../src/config/schema.js';
import { randomStream } from '../../../src/engine/random.js';
import { windowsOver, type Window } from '../../../src/models/heads/windows.js';
import { ownProposals, planWindows, thinned, withNeighbours } from '../../../src/stages/localize/long-video.js';
import { assertClose } from '../../support/numeric.js';

const whole = configSchema.parse({ full: { snippets: 100, size: 64 } });
const windowed = configSchema.parse({ model: { window: { snippets: 8, every: 5 } } });

describe('windows over a video', () => {
  const plan = (duration: number, config = whole) =>
    planWindows(config, 50, { duration, frames: duration * 25, fps: 25 });

  it('up to the longest training video it is seen as a whole, as in training', () => {
    for (const duration of [1, 49, 50, 50.004])
      assert.deepEqual(plan(duration), { snippets: 100, windows: [{ start: 0, snippets: 100 }] }, `${duration} s`);
  });

  it('a longer one in windows that are no longer and no coarser, half of each seen twice', () => {
    for (const duration of [51, 75, 100, 1800, 36_000]) {
      const { snippets, windows } = plan(duration);
      const seconds = duration / snippets;
      assert.ok(100 * seconds <= 50 && 101 * seconds > 49.4, `${duration} s`);
      assert.deepEqual([windows[0]!.start, windows.at(-1)!.start + 100], [0, snippets]);
      windows.slice(1).forEach(({ start }, i) => {
        assert.ok(start > windows[i]!.start && start <= windows[i]!.start + 50);
      });
    }
    assert.equal(plan(1800).windows.length, 71);
  });

  it('where the model has windows of its own, those', () => {
    assert.deepEqual(plan(4, windowed), { snippets: 20, windows: windowsOver(20, 8) });
    assert.deepEqual(plan(1, windowed), { snippets: 5, windows: [{ start: 0, snippets: 8 }] });
    const slow = configSchema.parse({ data: { fps: 10 }, model: { window: { snippets: 8, every: 5 } } });
    assert.deepEqual(plan(4, slow), { snippets: 8, windows: windowsOver(8, 8) });
  });
});

describe('who proposes what', () => {
  const room = ({ start, end }: { start: number; end: number }, window: Window, total: number) =>
    Math.min(
      window.start === 0 ? Infinity : start - window.start,
      window.start + window.snippets === total ? Infinity : window.start + window.snippets - end,
    );

  it('every span that fits into a window is proposed by one of them, that with most room around it', () => {
    for (const [total, size] of [
      [20, 8],
      [23, 8],
      [9, 8],
      [8, 8],
      [101, 25],
    ] as const) {
      const windows = windowsOver(total, size);
      const owned = new Map<string, Window>();
      for (const window of windows) {
        const all: Proposal[] = [];
        for (let start = 0; start < size; start++)
          for (let end = start + 1; end <= size; end++) all.push({ start: start / size, end: end / size, score: 1 });
        for (const span of ownProposals(all, window, { snippets: total, windows })) {
          const key = `${span.start} ${span.end}`;
          assert.ok(!owned.has(key), `${key} twice in ${total} by ${size}`);
          owned.set(key, window);
          const best = Math.max(
            ...windows
              .filter((other) => span.start >= other.start && span.end <= other.start + size)
              .map((other) => room(span, other, total)),
          );
          assert.equal(room(span, window, total), best);
        }
      }
      for (let start = 0; start < total; start++)
        for (let end = start + 1; end <= total; end++) {
          const fits = windows.some((window) => start >= window.start && end <= window.start + size);
          assert.equal(owned.has(`${start} ${end}`), fits, `${start} ${end} in ${total} by ${size}`);
        }
    }
  });

  it('in a video shorter than its window, whatever is proposed', () => {
    const windows = windowsOver(5, 8);
    const proposal = { start: 4 / 8, end: 7 / 8, score: 1 };
    assert.deepEqual(ownProposals([proposal], windows[0]!, { snippets: 5, windows }), [{ start: 4, end: 7, score: 1 }]);
    // Between two snippets, under a label.
    const fine = { start: 0.3, end: 0.55, score: 1, label: 2 };
    const [own] = ownProposals([fine], windows[0]!, { snippets: 5, windows });
    assertClose([own!.start, own!.end, own!.label], [2.4, 4.4, 2], 1e-12);
  });
});

describe('thinning among windows', () => {
  it('of the same action the better one stays, the other falls as in Soft-NMS', () => {
    const [better, worse] = [
      { start: 10, end: 20, score: 0.9, label: null },
      { start: 11, end: 20, score: 0.8, label: null },
    ];
    const apart = { start: 40, end: 50, score: 0.1, label: null };
    const expected = softNms([better, worse, apart, apart], { sigma: 0.84, keep: 3 });
    assert.deepEqual(thinned([better], [worse, apart], 0.84), [better]);
    assertClose(
      thinned([worse, apart], [better], 0.84).map(({ score }) => score),
      expected.slice(1).map(({ score }) => score),
      1e-12,
    );
    const other = { ...worse, label: 3 };
    assert.deepEqual(thinned([other], [better], 0.84), [other]);
    assert.ok(thinned([other], [{ ...better, label: 3 }], 0.84)[0]!.score < 0.8);
  });
});

describe('windows with their neighbours', () => {
  it('each is given once, in order, with all that overlap it, when the last of these has come', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = randomStream(seed, 'windows');
      const size = 2 + random.below(9);
      const windows = windowsOver(1 + random.below(60), size).map((window) => ({ window }));
      let come = 0;
      const source = async function* () {
        for (const item of windows) {
          come++;
          yield await Promise.resolve(item);
        }
      };
      const given: object[] = [];
      for await (const { item, neighbours } of withNeighbours(source())) {
        const { start } = item.window;
        assert.deepEqual(
          neighbours,
          windows.filter((other) => other !== item && Math.abs(other.window.start - start) < size),
        );
        const needed = windows.filter((other) => other.window.start < start + size).length;
        assert.ok(come >= needed && come <= needed + 1, `${come} have come, ${needed} are needed`);
        given.push(item);
      }
      assert.deepEqual(given, windows);
    }
  });
});
