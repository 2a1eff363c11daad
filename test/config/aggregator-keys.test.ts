import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { configHash, stageConfig } from '../../src/config/hash.js';
import { loadConfig } from '../../src/config/load.js';
import { configSchema } from '../../src/config/schema.js';
import type { Tree } from '../../src/config/tree.js';
import { classifiesSegments, stageNames, stagesOf } from '../../src/config/stages.js';
import { temporaryFolder } from '../support/temporary.js';

/** What is said about a configuration of these files, the first of which is loaded. */
function complaint(t: TestContext, files: Record<string, string>, ...set: string[]): string {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  let said = '';
  assert.throws(
    () => loadConfig(path.join(folder, Object.keys(files)[0]!), set),
    (error) => {
      assert.ok(error instanceof Error && error.name === 'UsageError', String(error));
      said = error.message.replace(/^\S*\//, '');
      return true;
    },
  );
  assert.doesNotMatch(said, /\n/);
  return said;
}

const parse = (tree: object) => configSchema.parse(tree);
const trainable = '"mean"|"max"|"rank"|"arp"|"softbow"|"vlad"|"fisher"';

test('an encoder takes only what a gradient goes through, and is told the choices', (t) => {
  const of = (aggregator: string, ...set: string[]) =>
    complaint(t, { 'c.yaml': `encoder: { aggregator: ${aggregator} }\n` }, ...set);
  const choices = `encoder.aggregator.type: expected one of ${trainable}`;
  for (const type of ['bow', 'median', '3']) assert.equal(of(`{ type: ${type} }`), `c.yaml: ${choices}`);
  assert.equal(of('{ words: 8 }'), `c.yaml: ${choices}`);
  assert.equal(of('{}', 'encoder.aggregator.type=bow'), `--set: ${choices}`);
  assert.match(of('rank'), /^c\.yaml: encoder\.aggregator: .*expected object/);
  assert.match(of('{ type: softbow, words: 4097 }'), /^c\.yaml: encoder\.aggregator\.words: .*4096/);
  assert.match(of('{ type: rank, C: 0 }'), /^c\.yaml: encoder\.aggregator\.C: /);
  assert.match(of('{ type: rank, C: 1.0e+7 }'), /^c\.yaml: encoder\.aggregator\.C: .*1000000/);
});

test('a classifier of segments takes them all', (t) => {
  const choices = 'expected one of "mean"|"max"|"rank"|"arp"|"softbow"|"bow"|"vlad"|"fisher"';
  const of = (aggregator: string) => complaint(t, { 'c.yaml': `segments: { aggregator: ${aggregator} }\n` });
  assert.equal(of('{ type: median }'), `c.yaml: segments.aggregator.type: ${choices}`);
  assert.equal(of('{ C: 2 }'), `c.yaml: segments.aggregator.type: ${choices}`);
  for (const type of ['mean', 'max', 'rank', 'arp', 'softbow', 'bow', 'vlad', 'fisher'])
    assert.equal(parse({ segments: { aggregator: { type } } }).segments.aggregator!.type, type);
});

test('keys of another aggregator are refused under the name of the one that was chosen', (t) => {
  const of = (text: string) => complaint(t, { 'c.yaml': `${text}\n` });
  assert.equal(
    of('encoder: { aggregator: { type: max, C: 2 } }'),
    'c.yaml: encoder.aggregator.C is not a key of max (encoder.aggregator.type)',
  );
  assert.equal(
    of('segments: { aggregator: { type: bow, weights: plain } }'),
    'c.yaml: segments.aggregator.weights is not a key of bow (segments.aggregator.type)',
  );
  assert.equal(
    of('encoder: { aggregator: { words: 3, type: mean } }'),
    'c.yaml: encoder.aggregator.words is not a key of mean (encoder.aggregator.type)',
  );
  assert.equal(
    of('encoder: { aggregator: { type: rank, epsilom: 1 } }'),
    'c.yaml: unknown key encoder.aggregator.epsilom; did you mean encoder.aggregator.epsilon?',
  );
});

test('one image of a snippet has nothing to aggregate but its mean', (t) => {
  const of = (keys: string) => complaint(t, { 'c.yaml': `encoder: { ${keys}, aggregator: { type: rank } }\n` });
  const said = 'c.yaml: encoder.aggregator: rank needs two images of a snippet or more: set encoder.frames or window';
  assert.equal(of('frames: 1'), said);
  assert.equal(of('input: dynamic'), said);
  assert.equal(of('input: difference, window: 8'), said);
  parse({ encoder: { input: 'dynamic', window: 4, aggregator: { type: 'rank' } } });
  parse({ encoder: { frames: 1, aggregator: { type: 'mean' } } });
});

test('a network that halves frames must leave two to aggregate', (t) => {
  const of = (frames: number) => `encoder: { type: r2plus1d-18, frames: ${frames}, aggregator: { type: rank } }\n`;
  assert.equal(
    complaint(t, { 'c.yaml': of(8) }),
    'c.yaml: encoder.aggregator: rank needs two images of a snippet or more, and r2plus1d-18 leaves one of 8: ' +
      'set encoder.frames or window',
  );
  parse({ encoder: { type: 'r2plus1d-18', frames: 9, aggregator: { type: 'rank' } } });
  parse({ encoder: { type: 'r2plus1d-18', frames: 8 } });
});

test('--set chooses an aggregator, whose other keys have their defaults, before or after them', (t) => {
  const file = path.join(temporaryFolder(t), 'c.yaml');
  writeFileSync(file, '');
  const { config, sources } = loadConfig(file, ['encoder.aggregator.type=rank', 'segments.aggregator.type=vlad']);
  assert.deepEqual(config.encoder.aggregator, {
    ...{ type: 'rank', targets: 'centred', C: 1, epsilon: 0.1, smoothing: true, nonlinearity: 'ssr' },
    ...{ normalize: true, direction: 'forward', backward: 'dual', withMean: false },
  });
  assert.deepEqual(config.segments.aggregator, { type: 'vlad', words: 16, withMean: false });
  assert.equal(sources.get('encoder.aggregator.type'), '--set');
  const swapped = loadConfig(file, ['encoder.aggregator.C=3', 'encoder.aggregator.type=rank']).config.encoder;
  assert.deepEqual(swapped.aggregator, { ...config.encoder.aggregator, C: 3 });
  // The configuration that a run keeps is complete, and is read as it is.
  writeFileSync(file, JSON.stringify(config));
  assert.deepEqual(loadConfig(file).config, config);
});

test('a file that chooses another aggregator is told which of the keys below it do not fit', (t) => {
  const files = {
    'top.yaml': 'extends: base.yaml\nencoder: { aggregator: { type: max } }\n',
    'base.yaml': 'encoder: { aggregator: { type: rank, C: 2 } }\n',
  };
  const said = 'base.yaml: encoder.aggregator.C is not a key of max (encoder.aggregator.type)';
  assert.equal(complaint(t, files), said);
  const base = { 'base.yaml': files['base.yaml'] };
  assert.equal(complaint(t, base, 'encoder.aggregator.type=max'), said);
});

/** The stages that need labels. */
const labelled = stageNames.filter((stage) => stage !== 'pretext');
/** The hashes of all of them. */
const hashes = (tree: object) => labelled.map((stage) => configHash(parse(tree), stage));
/** The stages whose hash a change alters. */
const touched = (tree: object, base: object = {}) => labelled.filter((_, i) => hashes(tree)[i] !== hashes(base)[i]);

test('without the keys, every stage has the hash that it had before there were any', () => {
  assert.deepEqual(hashes({}), [
    ...['7b633c5712eca64a', 'dea744682ad6ffc8', 'b3f9912ade638a61', 'c1740f9e088d0737', '06783c0a2216a80e'],
  ]);
  assert.deepEqual(hashes({ model: { type: 'pyramid' } }), [
    ...['7b633c5712eca64a', '7a73870fc9cb9bd4', 'b3f9912ade638a61', 'c1740f9e088d0737', 'f86258176f83d3e8'],
  ]);
  const stated = { encoder: { aggregator: { type: 'mean' } }, segments: { aggregator: null } };
  assert.deepEqual(hashes(stated), hashes({}));
  assert.deepEqual(hashes({ segments: { classifier: 'vector' } }), hashes({}));
  for (const stage of stageNames) {
    const { encoder, segments } = stageConfig(parse(stated), stage);
    assert.equal((encoder as Tree | undefined)?.aggregator, undefined, stage);
    assert.equal(segments, undefined, stage);
  }
});

test('encoder.aggregator is of the encoder, segments.aggregator of what comes after the features', () => {
  assert.deepEqual(touched({ encoder: { aggregator: { type: 'rank' } } }), ['pretrain', 'joint', 'extract']);
  const softbow = (words: number) => ({ encoder: { aggregator: { type: 'softbow', words } } });
  assert.deepEqual(touched(softbow(8), softbow(9)), ['pretrain', 'joint', 'extract']);
  assert.deepEqual(touched({ segments: { aggregator: { type: 'rank' } } }), ['segments', 'head']);
  const vlad = (words: number) => ({ segments: { aggregator: { type: 'vlad', words } } });
  assert.deepEqual(touched(vlad(8), vlad(9)), ['segments', 'head']);
  // The hash of a run with an aggregator is as it was before there was another classifier.
  assert.deepEqual(stageConfig(parse(vlad(8)), 'segments').segments, {
    aggregator: { type: 'vlad', words: 8, withMean: false },
  });
});

test('segments.classifier is of what comes after the features, and so are units and layers of its LSTM', () => {
  const lstm = (keys: object) => ({ segments: { classifier: 'lstm' }, model: { type: 'pyramid', lstm: keys } });
  assert.deepEqual(touched(lstm({}), { model: { type: 'pyramid' } }), ['segments', 'head']);
  for (const key of ['units', 'layers'])
    assert.deepEqual(touched(lstm({ [key]: 3 }), lstm({})), ['joint', 'segments', 'head']);
  // Its blocks are those of the paper.
  assert.deepEqual(touched(lstm({ block: 9 }), lstm({})), ['joint', 'head']);
  assert.throws(
    () => parse({ segments: { classifier: 'lstm', aggregator: { type: 'rank' } } }),
    /an LSTM sees the snippets themselves, of which nothing is made: set null, or segments\.classifier=vector/,
  );
  const pretext = (data: string) => ({ ...lstm({}), pretext: { data }, pretrain: { epochs: 0 } });
  assert.throws(
    () => parse(pretext('glyphs')),
    /an LSTM of glyphs cannot see features, as segments\.classifier=lstm does/,
  );
  assert.equal(parse(pretext('features')).segments.classifier, 'lstm');
});

test('stage 1 depends on full fidelity only where a codebook is fitted to it', () => {
  const at = (size: number, type: string) => ({ full: { snippets: 50, size }, encoder: { aggregator: { type } } });
  const stage1 = (type: string) => touched(at(112, type), at(128, type)).includes('pretrain');
  assert.deepEqual(['mean', 'rank', 'softbow', 'vlad', 'fisher'].map(stage1), [false, false, true, true, true]);
});

test('the classifier of segments is a stage where the head gives no labels, or where it is asked for', () => {
  const of = (type: string, aggregator: object | null) => parse({ model: { type }, segments: { aggregator } });
  const has = (...keys: Parameters<typeof of>) => {
    const config = of(...keys);
    assert.equal(stagesOf({ config }).includes('segments'), classifiesSegments(config));
    return classifiesSegments(config);
  };
  assert.deepEqual([has('gtad', null), has('gtad', { type: 'rank' })], [true, true]);
  assert.deepEqual([has('pyramid', null), has('pyramid', { type: 'mean' })], [false, true]);
  assert.ok(classifiesSegments(parse({ model: { type: 'pyramid' }, segments: { classifier: 'lstm' } })));
  assert.deepEqual(stagesOf({ config: of('pyramid', { type: 'rank' }) }), labelled);
});
