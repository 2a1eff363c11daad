import assert from 'node:assert/strict';
import path from 'node:path';
import { before, test } from 'node:test';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { configSchema, type Config } from '../../../src/config/schema.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { pretrain } from '../../../src/stages/pretrain/pretrain-stage.js';
import { withRun, type Run } from '../../../src/stages/run/run.js';
import { done } from '../../support/done.js';
import { temporaryFolder } from '../../support/temporary.js';

const root = temporaryFolder();
const folder = (name: string) => path.join(root, name);

function config(options: object, encoder: object): Config {
  return configSchema.parse({
    data: { root: folder('data'), dataset: 'dataset.json', clips: 'clips.csv' },
    encoder: { width: 4, frames: 2, stride: 3, ...encoder },
    pretrain: { epochs: 1, batch: 4, size: 32, lr: 0.02, lrSteps: [], ...options },
  });
}

const train = (name: string, options: Config, change: (run: Run) => Run = (run) => run) =>
  withRun(folder(name), options, {}, (run) => done(pretrain, change(run)));
const tensors = (name: string) => new RunStore(folder(name)).load('pretrain', 'latest')!.tensors;

/** Names of the encoder's and classifier's tensors that differ between two runs. */
function moved(name: string, from: string): string[] {
  const [one, other] = [tensors(name), tensors(from)];
  const own = [...one].filter(([key]) => !key.startsWith('optimizer.'));
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer, byteOffset, byteLength);
  return own.flatMap(([key, { data }]) => (bytes(data).equals(bytes(other.get(key)!.data)) ? [] : [key]));
}

const weightsOf = (name: string, step: number) => path.join(folder(name), 'store', 'pretrain', `${step}.safetensors`);
/** Everything that could move a frozen parameter. */
const everything = { ema: 0.9, microBatch: 3, weightDecay: 0.1, optimizer: 'alexnet', lr: 0.05, epochs: 2 };
let steps: Record<string, number> = {};

before(async () => {
  await synthesize({ out: folder('data'), videos: 4, classes: 2, clipsPerClass: 4, seed: 1 });
  const { step: resnet18 } = await train('resnet18', config({}, {}));
  const { step: mobilenet } = await train('mobilenet-v2', config({}, { type: 'mobilenet-v2', width: 0.25, shift: 0 }));
  steps = { resnet18, 'mobilenet-v2': mobilenet };
});

for (const [type, last] of [
  ['resnet18', /^encoder\.layer4\./],
  ['mobilenet-v2', /^encoder\.features\.1[78]\./],
] as const) {
  const shape = type === 'resnet18' ? {} : { type, width: 0.25, shift: 0 };
  const from = () => ({ ...shape, weights: weightsOf(type, steps[type]!) });

  test(`${type}, top: of the encoder every bit stays, and the classifier learns`, async () => {
    await train(`${type} top`, config({ ...everything, transfer: 'top' }, from()));
    assert.deepEqual(moved(`${type} top`, type), ['classifier.fc.bias', 'classifier.fc.weight']);
    // Nothing is kept for what is not trained.
    assert.ok(![...tensors(`${type} top`).keys()].some((name) => name.startsWith('optimizer.encoder.velocity')));
  });

  test(`${type}, top3: the last two blocks learn, and no statistics of any block move`, async () => {
    await train(`${type} top3`, config({ ...everything, transfer: 'top3' }, from()));
    const names = moved(`${type} top3`, type);
    assert.ok(names.length > 8);
    for (const name of names) assert.match(name, /^classifier\./.test(name) ? /fc/ : last);
    assert.ok(!names.some((name) => name.includes('running_')));
    const trained = [...tensors(type).keys()].filter((name) => last.test(name) && !/running_|num_batches/.test(name));
    assert.deepEqual(names.filter((name) => last.test(name)).sort(), trained.sort());
  });
}

test('top3, interrupted: it ends as if it had not been, to the bit', async () => {
  const options = config({ ...everything, transfer: 'top3' }, { weights: weightsOf('resnet18', steps['resnet18']!) });
  let count = 0;
  const until = (run: Run): Run => {
    const load: Run['frames']['load'] = (request) =>
      ++count > 9 + 3 + 5 ? Promise.reject(new Error('power cut')) : run.frames.load(request);
    return { ...run, frames: { ...run.frames, load } };
  };
  await assert.rejects(train('cut', options, until), /power cut/);
  await train('cut', options);
  assert.deepEqual(moved('cut', 'resnet18 top3'), []);
});

test('statistics cannot be measured anew where they are kept', () => {
  for (const transfer of ['top', 'top3'])
    assert.throws(() => config({ transfer, reestimate: 4 }, {}), /keeps the running statistics as they are: set 0/);
  assert.equal(config({ transfer: 'all', reestimate: 4 }, {}).pretrain.reestimate, 4);
});
