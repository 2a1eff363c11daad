import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import type { Head, HeadInstance } from '../../../src/models/heads/head.js';
import type { SeenVideo } from '../../../src/stages/features/trained-on-features.js';
import { headSamples, type HeadSamples } from '../../../src/stages/head/head-samples.js';
import { WorkError } from '../../../src/system/errors.js';

/** Its targets are what it is to make them of. */
const head = {
  targets: (instances: readonly HeadInstance[], snippets: number, valid: number) => ({ instances, snippets, valid }),
} as unknown as Head;

/** A video of `snippets` one-channel features, all of them the number of their view. */
function video(id: string, snippets: number, views: number): SeenVideo {
  const one = (view: number) => ({ data: new Float32Array(snippets).fill(view + 1), shape: [snippets, 1] as const });
  return {
    id,
    views: Array.from({ length: views }, (_, view) => one(view)),
    instances: [{ start: 0.25, end: 0.5, label: 0 }],
    unlabelled: [],
  };
}

const samplesOf = (windows: 'grid' | 'all' | 'random', size: number | null, ...videos: SeenVideo[]) =>
  headSamples(configSchema.parse({ head: { windows } }), head, size, videos);

/** The samples of all items in an epoch. */
const epochOf = (samples: HeadSamples, epoch: number) => samples.classes.map((_, item) => samples.of(item, epoch, []));

/** The view of each sample of an epoch. */
const viewsSeen = (samples: HeadSamples, epoch: number, snippets: number) =>
  epochOf(samples, epoch).map(({ rows }) => rows(snippets)[0]! - 1);

for (const windows of ['grid', 'random'] as const) {
  describe(`samples of a head, ${windows} windows`, () => {
    it('each epoch sees one view of a video, drawn by chance and again the same', () => {
      const samples = samplesOf(windows, null, video('a', 8, 3), video('b', 8, 3));
      const epochs = Array.from({ length: 60 }, (_, epoch) => viewsSeen(samples, epoch, 8));
      for (const which of [0, 1]) {
        const seen = epochs.map((views) => views[which]!);
        for (const view of [0, 1, 2]) {
          const times = seen.filter((one) => one === view).length;
          assert.ok(times > 8 && times < 32, `view ${view} of video ${which}: ${times} times`);
        }
      }
      assert.ok(epochs.some(([a, b]) => a !== b));
      assert.deepEqual(viewsSeen(samples, 7, 8), epochs[7]);
    });

    it('views change neither windows nor targets', () => {
      const [one, two] = [1, 2].map((views) => samplesOf(windows, 6, video('a', 20, views), video('b', 4, views)));
      assert.deepEqual(one!.classes, two!.classes);
      for (const epoch of [0, 1, 2]) {
        const [a, b] = [one, two].map((samples) => epochOf(samples!, epoch));
        const told = (list: typeof a) => list!.map(({ id, valid, targets }) => ({ id, valid, targets: targets(6) }));
        assert.deepEqual(told(a), told(b));
        assert.equal(one!.length(a!), two!.length(b!));
      }
    });
  });
}

describe('samples of a head', () => {
  it('are the windows of the grid that hold an instance', () => {
    // Windows of 8 over 16 snippets start at 0, 4 and 8; snippets 4 to 8 lie in the first two.
    const samples = epochOf(samplesOf('grid', 8, video('a', 16, 1)), 0);
    assert.deepEqual(
      samples.map(({ id, valid, targets }) => ({ id, valid, targets: targets(8) })),
      [
        { start: 0.5, end: 1, label: 0 },
        { start: 0, end: 0.5, label: 0 },
      ].map((instance) => ({ id: 'a', valid: 8, targets: { instances: [instance], snippets: 8, valid: 8 } })),
    );
  });

  it('are all windows of the grid where background is wanted, each with the classes in it', () => {
    const samples = samplesOf('all', 8, video('a', 16, 1));
    assert.deepEqual(samples.classes, [[0], [0], []]);
    const [, , background] = epochOf(samples, 0);
    assert.deepEqual(background!.targets(8), { instances: [], snippets: 8, valid: 8 });
  });

  it('are other windows and views in each draw of a video within an epoch, and the same in the same draw', () => {
    const samples = samplesOf('random', 6, video('a', 40, 3));
    const seen = Array.from({ length: 20 }, (_, i) => JSON.stringify(samples.of(0, 0, [3, i]).targets(6)));
    assert.ok(new Set(seen).size > 3);
    assert.equal(JSON.stringify(samples.of(0, 0, [3, 7]).targets(6)), seen[7]);
    const views = Array.from({ length: 20 }, (_, i) => samples.of(0, 0, [3, i]).rows(6)[0]!);
    assert.ok(new Set(views).size > 1);
  });

  it('are none where windows are shorter than what happens', () => {
    assert.throws(
      () => samplesOf('grid', 4, video('a', 40, 1)),
      (error) => error instanceof WorkError && /no window of 4 snippets holds an instance/.test(error.message),
    );
  });
});
