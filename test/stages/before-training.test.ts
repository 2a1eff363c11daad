import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { toDataset, type Video } from '../../src/data/dataset.js';
import { checkBeforeTraining, validates } from '../../src/stages/before-training.js';

const instance = { start: 1, end: 3, label: 'fall' };

/** Videos by subset: how many with an instance, how many without, how many that cannot be used. */
function known(subsets: Record<string, [number, number?, number?]>, config: object = {}) {
  const videos = Object.entries(subsets).flatMap(([subset, [acting, empty = 0, broken = 0]]) =>
    Array.from({ length: acting + empty + broken }, (_, i): Video => {
      const measured = { duration: 60, fps: 25, frames: 1500, width: 8, height: 8 };
      const instances = i < acting || i >= acting + empty ? [instance] : [];
      const problem = i >= acting + empty ? { problem: 'missing: no such video file' } : {};
      return { id: `${subset}${i}`, path: `/${subset}${i}.mp4`, subset, ...measured, instances, ...problem };
    }),
  );
  return { dataset: toDataset(videos), config: configSchema.parse(config) };
}

const refused = (run: ReturnType<typeof known>, message: RegExp, name = 'UsageError') => {
  assert.throws(
    () => {
      checkBeforeTraining(run, ['pretrain', 'head']);
    },
    { name, message },
  );
};

test('wrong names of subsets are refused with those that there are', () => {
  const run = known({ train: [6], val: [2] });
  refused(
    run,
    /^data\.trainOn: no video is in subset "training"; it has "train" \(6 videos\), "val" \(2\); set data\.t/,
  );
  refused(known({ training: [6], val: [2] }), /^data\.validateOn: .*"val" \(2\); set data\.validateOn, .* to "val"$/);
  checkBeforeTraining({ ...run, config: configSchema.parse({ data: { trainOn: 'train', validateOn: 'val' } }) }, [
    'head',
  ]);
});

test('instances are needed in both, and videos that can be used', () => {
  refused(
    known({ training: [0, 6], validation: [2] }),
    /^no usable video of subset "training" .* nothing to learn; it/,
  );
  refused(
    known({ training: [6], validation: [0, 2] }),
    /"validation" \(data\.validateOn\) .* nothing to measure mAP on/,
  );
  const broken: Parameters<typeof known>[0] = { training: [6], validation: [0, 1, 1] };
  refused(known(broken), /^1 of 2 validation videos cannot be used/, 'WorkError');
  refused(known(broken, { data: { missing: 'skip' } }), /^no usable video of subset "validation"/);
});

test('without any validation video there is no validation, and nothing fails', () => {
  for (const subsets of [{ training: [6] }, { training: [6], testing: [0, 3] }] as Record<
    string,
    [number, number?]
  >[]) {
    assert.equal(validates(known(subsets)), false);
    checkBeforeTraining(known(subsets), ['pretrain', 'head']);
  }
});

test('windows that are too short for every instance are found before features are made', () => {
  const model = (snippets: number) => ({ model: { type: 'gtad', k: 2, window: { snippets, every: 5 } } });
  const run = (snippets: number) => known({ training: [2], validation: [1] }, model(snippets));
  // An instance of 2 s at 25 frames a second covers 10 snippets.
  refused(run(4), /^model\.window: no window of 4 snippets holds an instance: set model\.window\.snippets to more$/);
  checkBeforeTraining(run(16), ['head']);
});

test('clips that are listed need no dataset for stage 1 alone', () => {
  const run = known({}, { data: { clips: 'clips.csv' } });
  checkBeforeTraining(run, ['pretrain']);
  refused(run, /it has no videos/);
});

test('an encoder whose features no head of the configuration takes is refused before it is trained', () => {
  const of = (words: number, model: object = {}) =>
    known({ training: [6], validation: [2] }, { encoder: { aggregator: { type: 'softbow', words } }, model });
  refused(of(10), /^features of 10 channels do not divide into the 4 groups of the gtad head$/);
  refused(of(12, { width: 100 }), /^model\.width: 100 channels do not divide into 32 groups$/);
  checkBeforeTraining(of(12), ['pretrain', 'head']);
  checkBeforeTraining(of(10, { type: 'pyramid' }), ['pretrain', 'head']);
});
