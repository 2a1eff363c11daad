import assert from 'node:assert/strict';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { hashTensors } from '../../../src/checkpoints/formats/tensor.js';
import { stagesOf } from '../../../src/config/stages.js';
import type { Config } from '../../../src/config/schema.js';
import { detect } from '../../../src/stages/detect/detect.js';
import { trainedLocalizer } from '../../../src/stages/detect/trained-model.js';
import { openFeatures } from '../../../src/stages/features/open-features.js';
import { head } from '../../../src/stages/head/head-stage.js';
import { sweepHead } from '../../../src/stages/head/sweep.js';
import { localize } from '../../../src/stages/localize/localizer.js';
import { openRun, withRun, type Run } from '../../../src/stages/run/run.js';
import { ownLabels } from '../../../src/stages/segments/segment-classifier.js';
import { segments } from '../../../src/stages/segments/segments-stage.js';
import { trainingStage } from '../../../src/stages/training/training-stage.js';
import { Stopped, UsageError } from '../../../src/system/errors.js';
import { done } from '../../support/done.js';
import { npy } from '../../support/feature-files.js';
import { published, tiny, writeAnnotations, writeFeatures } from '../../support/feature-runs.js';
import { lofi } from '../../support/lofi.js';
import { assertClose } from '../../support/numeric.js';
import { temporaryFolder } from '../../support/temporary.js';

const root = temporaryFolder();
const pyramid = { type: 'pyramid', width: 16, heads: 2, levels: 3, stem: 1, attention: 5 };
const rank = { type: 'rank' };
const epochs = 5;
/** G-TAD of little, with an LSTM of little. */
const small = { model: { ...tiny.model, lstm: { units: 8 } } };

const configOf = (aggregator: object | null, change: object = {}): Config =>
  published(root, 'features', { segments: { aggregator }, ...change });
const folder = (name: string) => path.join(root, name);
const tensorsOf = ({ store }: Run, stage: 'segments' | 'head') => store.load(stage, 'latest')!.tensors;
const parentsOf = ({ store }: Run) => store.manifest('head')!.parents.map(({ stage }) => stage);
const validated = ({ dataset }: Run) => dataset.videos.filter(({ subset }) => subset === 'validation');

/** What a run finds in its validation videos. */
async function found(run: Run) {
  const before = tf.memory().numTensors;
  const all = await detect(run, validated(run));
  assert.equal(tf.memory().numTensors, before);
  return all.map((one) => ('detections' in one ? one.detections : assert.fail(one.reason)));
}

describe('segments.aggregator in a run on published features', () => {
  before(() => {
    writeAnnotations(root);
    writeFeatures(path.join(root, 'features'), '.npy', npy);
  });

  /** Trains the classifier until it is stopped after a step, if it is; gives how often its beginning was made. */
  async function classify(name: string, section: object, stopAt = Infinity) {
    let begun = 0;
    const counted = trainingStage({
      ...segments,
      async plan(...args) {
        const plan = await segments.plan(...args);
        return {
          ...plan,
          async begin() {
            begun++;
            await plan.begin!();
          },
        };
      },
    });
    const stop = new AbortController();
    const run = await openRun(folder(name), configOf(null, { segments: section, ...small }), { stop: stop.signal });
    const beat = (_: string, step: number) => {
      if (step === stopAt) stop.abort(new Stopped('SIGTERM', 143));
    };
    try {
      await counted.run({ ...run, heartbeat: { beat } as unknown as Run['heartbeat'] });
      return { begun, hash: hashTensors(tensorsOf(run, 'segments')) };
    } catch (error) {
      assert.ok(error instanceof Stopped);
      return { begun, hash: null };
    } finally {
      run.close();
    }
  }

  it('stopped after any step and gone on with, it is the same to the bit, and is not fitted again', async () => {
    const softbow = { type: 'softbow', words: 6, shapes: true };
    for (const [name, section] of Object.entries({
      softbow: { aggregator: softbow },
      lstm: { classifier: 'lstm' },
    })) {
      const { begun, hash } = await classify(name, section);
      assert.equal(begun, 1);
      for (const last of [1, 3, epochs - 1]) {
        assert.deepEqual(await classify(`${name} stopped ${last}`, section, last), { begun: 1, hash: null });
        assert.deepEqual(await classify(`${name} stopped ${last}`, section), { begun: 0, hash });
      }
    }
    const other = await classify('T1', { aggregator: { ...softbow, shapes: false } });
    assert.notEqual(other.hash, (await classify('softbow', { aggregator: softbow })).hash);
  });

  it('beside a head that gives labels the stage runs, and scores are multiplied by likelihoods', async () => {
    const config = configOf(rank, { model: pyramid });
    assert.deepEqual(stagesOf({ config }), ['segments', 'head']);
    await withRun(folder('pyramid'), config, {}, async (run) => {
      await done(head, run);
      assert.deepEqual(parentsOf(run), ['extract', 'segments']);
      const of = (stage: 'segments' | 'head') =>
        new Map([...tensorsOf(run, stage)].filter(([name]) => name.startsWith('classifier.')));
      assert.ok(of('head').has('classifier.snippets.mean'));
      assert.deepEqual(of('head'), of('segments'));
      const source = openFeatures(run);
      const options = config.detect;
      const detections = await found(run);
      using localizer = trainedLocalizer(run, source);
      for (const [i, video] of validated(run).entries()) {
        const features = source.get(video.id);
        const seconds = (x: number) => x * video.duration;
        const own = localize({ ...localizer, segments: null }, features, seconds, options);
        const both = localize(localizer, features, seconds, options);
        assert.ok(own.length > 5 && both.length === own.length);
        assert.deepEqual(detections[i]!.map(({ label }) => label), both.map(({ label }) => label)); // prettier-ignore
        both.forEach(({ score }, at) => {
          assert.ok(score <= (both[at - 1]?.score ?? 1));
        });
        const key = ({ label, segment }: (typeof own)[0]) => JSON.stringify([label, segment]);
        const rescored = new Map(both.map((one) => [key(one), one.score]));
        const span = ([start, end]: readonly [number, number]) => ({
          start: start / video.duration,
          end: end / video.duration,
        });
        const expected = own.map(({ label, segment, score }) => {
          const named = ownLabels(localizer.segments!, features, [{ ...span(segment), score: 1 }], 2);
          return score * named.find((one) => one.label === label)!.score;
        });
        assertClose(own.map((one) => rescored.get(key(one))!), expected, 1e-4); // prettier-ignore
      }
    });
    const { code, stdout, stderr } = await lofi(['runs', folder('pyramid'), '--json']);
    assert.equal(code, 0, stderr);
    assert.deepEqual(Object.keys((JSON.parse(stdout) as { stages: object }).stages), ['segments', 'head']);
  });

  it('without it, a head that gives labels has neither the stage nor a classifier, and scores of its own', async () => {
    const config = configOf(null, { model: pyramid });
    await withRun(folder('plain'), config, {}, async (run) => {
      await done(head, run);
      assert.equal(run.store.manifest('segments'), null);
      assert.ok([...tensorsOf(run, 'head').keys()].every((name) => !name.startsWith('classifier.')));
      using localizer = trainedLocalizer(run, openFeatures(run));
      assert.equal(localizer.segments, null);
      // The head itself is trained the same with and without it.
      const ofHead = (one: Run) =>
        hashTensors(new Map([...tensorsOf(one, 'head')].filter(([name]) => name.startsWith('head.'))));
      await withRun(folder('pyramid'), configOf(rank, { model: pyramid }), {}, (other) => {
        assert.equal(ofHead(run), ofHead(other));
        return Promise.resolve();
      });
    });
  });

  it('a run that is asked for it later refuses the head that it has', async () => {
    await withRun(folder('plain'), configOf(rank, { model: pyramid }), {}, async (run) => {
      await assert.rejects(done(head, run), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, /head .*segments/);
        return true;
      });
    });
  });

  for (const aggregator of [rank, { type: 'fisher', words: 3 }, { type: 'bow', words: 5 }]) {
    it(`a head without labels is trained beside ${aggregator.type}, and names what it finds`, async () => {
      const config = configOf(aggregator);
      await withRun(folder(`gtad ${aggregator.type}`), config, {}, async (run) => {
        await done(head, run);
        const all = await found(run);
        for (const detections of all) {
          assert.ok(detections.length > 0);
          for (const { label, score } of detections)
            assert.ok(run.dataset.classes.includes(label) && score > 0 && score <= 1);
        }
      });
    });
  }

  it('a sweep of the head takes it along', async () => {
    const candidates = [1e-3, 1e-2].map((value) => {
      const config = configOf({ type: 'vlad', words: 3 }, { model: pyramid });
      return { value, config: { ...config, head: { ...config.head, lr: value } } };
    });
    await withRun(folder('swept'), candidates[0]!.config, {}, async (run) => {
      const { rows, best } = await sweepHead(run, 'lr', candidates);
      assert.deepEqual(rows.map(({ error }) => error), [undefined, undefined]); // prettier-ignore
      assert.ok([1e-3, 1e-2].includes(best));
      assert.ok(tensorsOf(run, 'segments').has('classifier.aggregator.codebook'));
      assert.ok(tensorsOf(run, 'head').has('classifier.aggregator.codebook'));
      assert.ok((await found(run)).flat().length > 10);
    });
  });
});
