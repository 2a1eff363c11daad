import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../../src/checkpoints/feature-store.js';
import { configSchema, type Config } from '../../../src/config/schema.js';
import { stagesOf } from '../../../src/config/stages.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { importParts } from '../../../src/models/parts.js';
import { Parameters } from '../../../src/models/parameters.js';
import { exportState } from '../../../src/models/state.js';
import { startOnFeatures } from '../../../src/stages/features/trained-on-features.js';
import { runStages } from '../../../src/stages/pipeline.js';
import { withRun, type Run } from '../../../src/stages/run/run.js';
import { freshSegmentClassifier, ownLabels } from '../../../src/stages/segments/segment-classifier.js';
import { segments } from '../../../src/stages/segments/segments-stage.js';
import { sequenceLayers } from '../../../src/stages/segments/sequence-layers.js';
import { toState } from '../../../src/stages/training/snapshot.js';
import { captureStderr } from '../../support/checkpoints.js';
import { npy } from '../../support/feature-files.js';
import { published, tiny, writeFeatures } from '../../support/feature-runs.js';
import { assertClose } from '../../support/numeric.js';
import { temporaryFolder } from '../../support/temporary.js';

await startEngine();

/** Features of which each row is the number of its snippet. */
const counted = (snippets: number): Features => ({
  data: Float32Array.from({ length: snippets }, (_, i) => i),
  shape: [snippets, 1],
});

describe('what an LSTM sees of a segment', () => {
  const layers = sequenceLayers({ units: 4, layers: 1 }, 1, 2);

  it('is a block of 16 snippets that begins anywhere in the segment', () => {
    const random = randomStream(5, 'blocks');
    const starts = new Set<number>();
    for (let i = 0; i < 200; i++) {
      // Snippets 10 to 29.
      const rows = layers.rowsOf(counted(40), [0.25, 0.75], random);
      assert.deepEqual(
        [...rows],
        Array.from({ length: 16 }, (_, t) => rows[0]! + t),
      );
      starts.add(rows[0]!);
    }
    assert.deepEqual([...starts].sort((a, b) => a - b), [10, 11, 12, 13, 14]); // prettier-ignore
  });

  it('repeats the last snippet of a shorter one', () => {
    const rows = layers.rowsOf(counted(40), [0.25, 0.325], randomStream(0));
    assert.deepEqual([...rows], [10, 11, ...new Array<number>(14).fill(12)]);
  });

  it('gives every span the likelihoods that it has alone, padded or in blocks, and leaves nothing', () => {
    using parameters = new Parameters(layers.parameters, randomStream(1, 'layers'));
    parameters.assign('mean', tf.tensor1d([20]));
    parameters.assign('deviation', tf.tensor1d([10]));
    const spans = [[0.1, 0.9], [0.25, 0.325], [-0.2, 0.2], [0.5, 0.5]] as const; // prettier-ignore
    const before = tf.memory().numTensors;
    const all = layers.likelihoods(counted(40), spans, parameters);
    const alone = spans.flatMap((span) => [...layers.likelihoods(counted(40), [span], parameters)]);
    assertClose([...all], alone, 1e-6);
    for (let i = 0; i < spans.length; i++) assertClose([all[2 * i]! + all[2 * i + 1]!], [1], 1e-6);
    assert.equal(new Set(all).size, 8);
    // Of three snippets as of a block that ends with the third again and again.
    const padded = { data: Float32Array.from([10, 11, ...new Array<number>(14).fill(12)]), shape: [16, 1] as const };
    assertClose([...all.slice(2, 4)], [...layers.likelihoods(padded, [[0, 1]], parameters)], 1e-6);
    assert.equal(layers.likelihoods(counted(40), [], parameters).length, 0);
    assert.equal(tf.memory().numTensors, before);
  });
});

const root = temporaryFolder();
const [videos, snippets, width] = [48, 32, 4];

/** A video of each class in turn: in "rise" the last channels follow the first ones, in "fall" it is the reverse. */
function ordered(folder: string) {
  mkdirSync(folder, { recursive: true });
  const database: Record<string, object> = {};
  const features = new Map<string, Features>();
  for (let i = 0; i < videos; i++) {
    const random = randomStream(7, 'ordered', i);
    const [first, length] = [random.below(8), 8 + random.below(16)];
    const label = i % 2 === 0 ? 'rise' : 'fall';
    const segment = [first, first + length];
    const subset = i < videos / 2 ? 'training' : 'validation';
    database[`v${i}`] = { subset, duration: snippets, annotations: [{ segment, label }] };
    const data = Float32Array.from({ length: snippets * width }, (_, at) => {
      const [t, late] = [Math.floor(at / width) - first, at % width >= width / 2];
      const on = t >= 0 && t < length && t < length / 2 === (label === 'rise' ? !late : late);
      return random.between(-0.3, 0.3) + (on ? 1 : 0);
    });
    features.set(`v${i}`, { data, shape: [snippets, width] });
  }
  writeFileSync(path.join(folder, 'annotations.json'), JSON.stringify({ database }));
  writeFeatures(path.join(folder, 'features'), '.npy', npy, features);
}

ordered(root);

const configOf = (change: object): Config =>
  published(root, 'features', {
    ...{ full: { snippets, size: 32 }, model: { ...tiny.model, lstm: { units: 16 } } },
    head: { ...tiny.head, epochs: 1, classifier: { epochs: 60, lr: 1e-2 } },
    ...change,
  });
const lstm = { segments: { classifier: 'lstm' } };
const pretext = { pretext: { past: 12, future: 4, epochs: 2, batch: 8 } };

/** The share of validation segments whose class is told. */
async function top1(name: string, change: object): Promise<number> {
  return withRun(path.join(root, name), configOf(change), {}, async (run) => {
    await segments.run(run);
    const { source } = startOnFeatures(run);
    const classifier = freshSegmentClassifier(run.config, source.channels, run.dataset.classes);
    using parameters = classifier.parameters;
    importParts({ classifier: parameters }, toState(run.store.load('segments', 'latest')!.tensors), 'the classifier');
    const validated = run.dataset.videos.filter(({ subset }) => subset === 'validation');
    const right = validated.filter(({ id, instances }) => {
      const { start, end, label } = instances[0]!;
      const span = { start: start / snippets, end: end / snippets, score: 1 };
      return ownLabels(classifier, source.get(id), [span], 1)[0]!.label === label;
    });
    return right.length / validated.length;
  });
}

/** The stages that `pretext` and the classifier need. */
const classified = (run: Run) => runStages(run, ['pretext', 'segments']);
const parentsOf = ({ store }: Run, stage: string) => store.manifest(stage)!.parents.map((one) => one.stage);

describe('segments.classifier: lstm', () => {
  it('learns an order that the mean cannot tell', async () => {
    const [sequence, mean] = [await top1('lstm', lstm), await top1('mean', {})];
    assert.ok(sequence >= 0.95, `lstm ${sequence}`);
    assert.ok(mean <= 0.75, `mean ${mean}`);
  });

  it('starts from the very weights and scale of pretext, and is done again for others', async (t) => {
    const folder = path.join(root, 'from pretext');
    await withRun(folder, configOf({ ...lstm, ...pretext }), {}, async (run) => {
      await classified(run);
      const { source, pretext } = startOnFeatures(run);
      const { layers, ...classifier } = freshSegmentClassifier(run.config, source.channels, ['a', 'b']);
      using parameters = classifier.parameters;
      layers.begin(parameters, [], randomStream(0), pretext());
      const learnt = pretext()!.state();
      const own = [...exportState(parameters)].filter(([name]) => !name.startsWith('fc.'));
      const others = own.map(([name]) => name.split('.')[0]).filter((one) => one !== 'encoder');
      assert.deepEqual(others, ['mean', 'deviation']);
      for (const [name, { data }] of own) assert.deepEqual(data, learnt.get(`sequence.${name}`)!.data, name);
      assert.ok(parentsOf(run, 'segments').includes('pretext'));
    });
    const other = configOf({ ...lstm, pretext: { ...pretext.pretext, lr: 0.01 } });
    const stderr = captureStderr(t);
    const policy = { resume: 'auto', allowConfigChange: true } as const;
    await withRun(folder, other, { policy }, classified);
    const said = /^segments is done again: another pretext/;
    assert.ok(
      stderr.some((line) => said.test(line)),
      stderr.join(''),
    );
  });

  it('of a run without pretext starts from scratch; a mean is not made of pretext', async () => {
    await withRun(path.join(root, 'lstm'), configOf(lstm), {}, (run) => {
      assert.ok(!parentsOf(run, 'segments').includes('pretext'));
      return Promise.resolve();
    });
    await withRun(path.join(root, 'mean of pretext'), configOf(pretext), {}, async (run) => {
      await classified(run);
      assert.ok(!parentsOf(run, 'segments').includes('pretext'));
    });
    assert.deepEqual(stagesOf({ config: configOf({ ...lstm, model: { type: 'pyramid' } }) }), ['segments', 'head']);
  });

  it('refuses to start from what pretext has not learnt yet', async () => {
    await withRun(path.join(root, 'too early'), configOf({ ...lstm, ...pretext }), {}, async (run) => {
      await assert.rejects(segments.run(run), /^UsageError: pretext is not finished in .*: run `lofi pretext` first/);
    });
  });

  it('goes with the head into detections', async () => {
    await withRun(path.join(root, 'whole'), configOf({ ...lstm, ...pretext }), {}, async (run) => {
      await runStages(run, stagesOf(run));
      const names = [...run.store.load('head', 'best')!.tensors.keys()];
      assert.ok(names.includes('classifier.encoder.0.recurrent') && names.includes('classifier.fc.weight'));
      assert.ok(!parentsOf(run, 'head').includes('pretext'));
      assert.deepEqual(configSchema.parse(run.config).segments, { classifier: 'lstm', aggregator: null });
    });
  });
});
