import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { allKeys, configJsonSchema, loadConfig } from '../../src/config/load.js';
import { configSchema } from '../../src/config/schema.js';
import { randomStream } from '../../src/engine/random.js';
import { UsageError } from '../../src/system/errors.js';
import { temporaryFolder } from '../support/temporary.js';

/** Writes files into a temporary folder; the path of the first is returned. */
function write(t: TestContext, files: Record<string, string>): string {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return path.join(folder, Object.keys(files)[0]!);
}

function refused(work: () => unknown, ...said: (RegExp | string)[]): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.ok(!error.message.includes('\n'), error.message);
    for (const part of said)
      assert.ok(typeof part === 'string' ? error.message.includes(part) : part.test(error.message), error.message);
    return true;
  });
}

describe('loadConfig', () => {
  it('fills in the paper’s defaults', (t) => {
    const { config, sources } = loadConfig(write(t, { 'c.yaml': '' }));
    assert.deepEqual(config, configSchema.parse({}));
    assert.equal(sources.size, 0);
    const { joint, full, encoder, detect } = config;
    assert.deepEqual(
      [joint.lr, joint.momentum, joint.weightDecay, joint.batch, joint.lrSteps, joint.lrGamma],
      [0.1, 0, 1e-4, 16, [5, 10], 0.5],
    );
    assert.deepEqual(joint.shapes, [
      { snippets: 100, size: 112 },
      { snippets: 25, size: 224 },
      { snippets: 50, size: 158 },
    ]);
    assert.deepEqual([full, encoder.frames, encoder.stride], [{ snippets: 100, size: 224 }, 8, 8]);
    assert.deepEqual([detect.softNmsSigma, detect.keep], [0.84, 100]);
  });

  it('reads every configuration of the repository', () => {
    const folder = path.resolve(import.meta.dirname, '../../configs');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
    assert.ok(files.length >= 2);
    for (const name of files) loadConfig(path.join(folder, name));
  });

  it('refuses a shape with fewer snippets than a node has neighbours', (t) => {
    refused(
      () => loadConfig(write(t, { 'small.yaml': 'full: { snippets: 2, size: 32 }\n' })),
      'model.k',
      '3 neighbours',
    );
  });

  it('refuses several views of features that others made', (t) => {
    refused(
      () => loadConfig(write(t, { 'two.yaml': 'data: { features: i3d }\nhead: { views: 2 }\n' })),
      'head.views',
      'published features (data.features) have one view: set 1',
    );
  });

  it('extends: the nearer file wins key by key, lists as a whole, paths from the file’s own folder', (t) => {
    const file = write(t, {
      'top.yaml': 'extends: middle.yaml\njoint: { lr: 0.5 }\nseed: 3\n',
      'middle.yaml': 'extends: base.yaml\njoint: { batch: 4, lrSteps: [2] }\n',
      'base.yaml': 'joint: { lr: 0.2, epochs: 9, lrSteps: [1, 3] }\nseed: 1\n',
    });
    const { config, sources } = loadConfig(file);
    const { lr, batch, epochs, lrSteps } = config.joint;
    assert.deepEqual([lr, batch, epochs, lrSteps, config.seed], [0.5, 4, 9, [2], 3]);
    const from = (key: string) => path.basename(sources.get(key)!);
    assert.deepEqual(['joint.lr', 'joint.lrSteps', 'joint.epochs', 'seed'].map(from), [
      'top.yaml',
      'middle.yaml',
      'base.yaml',
      'top.yaml',
    ]);
    assert.equal(sources.get('joint.momentum'), undefined);
  });

  it('--set: numbers, texts, lists, maps and null, over everything else', (t) => {
    const file = write(t, { 'c.yaml': 'head: { lr: 1, batch: 2 }\n' });
    const { config, sources } = loadConfig(
      file,
      [
        'head.lr=2e-4',
        'data.root=a=b: c',
        'joint.lrSteps=[1, 2]',
        'data.synthetic={videos: 2, classes: 2}',
        'data.dataset=null',
        'data.flip=false',
        'joint.cycle.unit=batch',
      ].map((text) => (text.startsWith('data.root') ? 'data.root="a=b: c"' : text)),
    );
    assert.deepEqual([config.head.lr, config.head.batch], [2e-4, 2]);
    assert.equal(config.data.root, 'a=b: c');
    assert.deepEqual(config.joint.lrSteps, [1, 2]);
    assert.equal(config.data.synthetic!.videos, 2);
    assert.deepEqual([config.data.dataset, config.data.flip, config.joint.cycle.unit], [null, false, 'batch']);
    assert.equal(sources.get('head.lr'), '--set');
  });

  it('unknown keys: the file and the nearest key', (t) => {
    const file = write(t, { 'c.yaml': 'extends: base.yaml\n', 'base.yaml': 'joint: { lrStep: [1] }\n' });
    refused(() => loadConfig(file), 'base.yaml: unknown key joint.lrStep; did you mean joint.lrSteps?');
    const own = write(t, { 'c.yaml': 'jont: { lr: 1 }\n' });
    refused(() => loadConfig(own), 'c.yaml: unknown key jont; did you mean joint?');
    // Right name, wrong section.
    const moved = write(t, { 'c.yaml': 'encoder: { softNmsSigma: 1 }\n' });
    refused(() => loadConfig(moved), 'unknown key encoder.softNmsSigma; did you mean detect.softNmsSigma?');
    const file2 = write(t, { 'c.yaml': '' });
    refused(() => loadConfig(file2, ['head.lrr=1']), '--set: unknown key head.lrr; did you mean head.lr?');
    refused(() => loadConfig(file2, ['zzzzzzzzz=1']), /unknown key zzzzzzzzz$/);
  });

  it('another head brings its own keys and its recipe; those of the one before go', (t) => {
    const files = { 'c.yaml': 'model: { h3: 64, window: { snippets: 32, every: 2 } }\nhead: { lr: 3e-4 }\n' };
    const gtad = write(t, files);
    const { config, sources } = loadConfig(gtad, ['model.type=pyramid', 'model.width=128']);
    assert.ok(config.model.type === 'pyramid');
    assert.deepEqual([config.model.width, config.model.window], [128, { snippets: 32, every: 2 }]);
    const { optimizer, lrSchedule, lr, ema } = config.head;
    // Settings of the other head's training are dropped with that head; later ones stay.
    assert.deepEqual([optimizer, lrSchedule, lr, ema], ['adamw', 'cosine', 1e-4, 0.999]);
    assert.equal(loadConfig(gtad, ['head.lr=1e-3', 'model.type=pyramid']).config.head.lr, 1e-3);
    assert.equal(config.detect.softNmsSigma, 0.5);
    assert.deepEqual(
      ['head.lr', 'head.ema', 'model.type', 'model.width'].map((key) => sources.get(key)?.replace(/.*\//, '')),
      ['model.type=pyramid', 'model.type=pyramid', '--set', '--set'],
    );
    // The configuration that a run keeps is complete and is read as it is.
    const kept = write(t, { 'config.yaml': JSON.stringify(config) });
    assert.deepEqual(loadConfig(kept).config, config);
    const above = write(t, { 'd.yaml': 'extends: c.yaml\nmodel: { type: pyramid }\n', ...files });
    assert.equal(loadConfig(above).config.model.type, 'pyramid');
    refused(() => loadConfig(above, ['model.h3=8']), '--set: model.h3 is not a key of the pyramid head (model.type)');
    refused(() => loadConfig(above, ['model.levls=8']), '--set: unknown key model.levls; did you mean model.levels?');
    refused(() => loadConfig(above, ['model.heads=3']), 'model.heads: 256 channels do not divide into 3 heads');
    refused(() => loadConfig(above, ['model.type=other']), '--set: model.type: expected one of "gtad"|"pyramid"');
  });

  it('wrong types and ranges: the file and the key', (t) => {
    for (const [text, key] of [
      ['joint: { lr: fast }', 'joint.lr'],
      ['joint: { epochs: 0 }', 'joint.epochs'],
      ['joint: { epochs: 1.5 }', 'joint.epochs'],
      ['joint: { lr: -1 }', 'joint.lr'],
      ['joint: { lr: .nan }', 'joint.lr'],
      ['joint: { lr: .inf }', 'joint.lr'],
      ['joint: { shapes: [] }', 'joint.shapes'],
      ['joint: { shapes: [{ snippets: 4 }] }', 'joint.shapes.0.size'],
      ['encoder: { type: resnet101 }', 'encoder.type'],
      ['encoder: { width: 0.5 }', 'encoder.width'],
      ['encoder: { type: mobilenet-v2, width: 64 }', 'encoder.width'],
      ['encoder: { type: r2plus1d-18, shift: 8 }', 'encoder.shift'],
      ['encoder: { shift: 1 }', 'encoder.shift'],
      ['data: { flip: 1 }', 'data.flip'],
      ['data: 3', 'data'],
      ['seed: 1.5', 'seed'],
      ['pretrain: null', 'pretrain'],
    ] as const) {
      const file = write(t, { 'c.yaml': `${text}\n` });
      refused(() => loadConfig(file), /^.*c\.yaml: /, ` ${key}: `);
    }
  });

  it('what is no YAML map: the file, and the line where there is one', (t) => {
    refused(() => loadConfig(write(t, { 'c.yaml': 'seed: 1\njoint: { lr: [ }\n' })), /c\.yaml:2: /);
    refused(() => loadConfig(write(t, { 'c.yaml': 'seed: 1\nseed: 2\n' })), /c\.yaml:2: .*unique/);
    refused(() => loadConfig(write(t, { 'c.yaml': '- 1\n' })), /c\.yaml: a configuration is a map of keys/);
    refused(() => loadConfig(write(t, { 'c.yaml': 'seed: *none\n' })), /c\.yaml/);
    refused(() => loadConfig(write(t, { 'c.yaml': bomb })), /c\.yaml/);
    refused(() => loadConfig(write(t, { 'c.yaml': 'extends: 3\n' })), /c\.yaml: extends takes the path of a file/);
    refused(() => loadConfig(write(t, { 'c.yaml': 'extends: no.yaml\n' })), /not found: .*no\.yaml/);
    refused(() => loadConfig('no.yaml'), 'configuration not found: ');
    refused(() => loadConfig(temporaryFolder(t)), /lofi-test-/);
  });

  it('files that extend each other in a circle', (t) => {
    const file = write(t, { 'a.yaml': 'extends: b.yaml\n', 'b.yaml': 'extends: a.yaml\n' });
    refused(() => loadConfig(file), /a\.yaml: extends itself by way of .*b\.yaml/);
    refused(() => loadConfig(write(t, { 'self.yaml': 'extends: self.yaml\n' })), /self\.yaml: extends itself/);
  });

  it('--set without key or value, or with no YAML behind it', (t) => {
    const file = write(t, { 'c.yaml': '' });
    refused(() => loadConfig(file, ['head.lr']), '--set head.lr: write --set key.subkey=value');
    refused(() => loadConfig(file, ['=1']), '--set =1: write');
    refused(() => loadConfig(file, ['head.lr=[1']), '--set head.lr=[1: the value is not YAML');
    refused(() => loadConfig(file, ['head.lr=*x']), '--set head.lr=*x');
    refused(() => loadConfig(file, ['=']), /^--set =/);
    refused(() => loadConfig(file, ['.=1']), /^--set/);
    refused(() => loadConfig(file, ['head.lr.deep=1']), '--set: head.lr');
  });

  it('prototypes cannot be reached', (t) => {
    const file = write(t, { 'c.yaml': '' });
    for (const override of [
      '__proto__.seed=5',
      '__proto__=1',
      'head.__proto__.polluted.x=1',
      'constructor.prototype.seed=5',
    ])
      refused(() => loadConfig(file, [override]), '--set');
    refused(() => loadConfig(write(t, { 'c.yaml': '__proto__: { seed: 5 }\n' })), /c\.yaml/);
    refused(() => loadConfig(write(t, { 'c.yaml': 'head: { __proto__: { lr: 5 } }\n' })), /c\.yaml/);
    const clean = {} as Record<string, unknown>;
    for (const key of ['seed', 'polluted', 'lr']) assert.equal(clean[key], undefined, key);
  });

  it('whatever is done to a file, it is a configuration or one clear line', (t) => {
    const base =
      'seed: 4\ndata: { root: ".", flip: false }\njoint:\n  lr: 0.1\n  shapes:\n    - { snippets: 4, size: 32 }\n' +
      'head: { lrSteps: [1, 2] }\n';
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ':',
      '\n',
      '- ',
      '&a ',
      '*a',
      '!!map ',
      '"',
      "'",
      '#',
      '? ',
      '| ',
      '\t',
      '<<: ',
      '~',
      '1e999',
      '__proto__',
      '\u0000',
      '%',
      '---\n',
      'é',
    ];
    const file = write(t, { 'c.yaml': base });
    const random = randomStream(1, 'fuzz');
    let valid = 0;
    for (let i = 0; i < 200; i++) {
      let text = base;
      for (let n = 0; n <= random.below(3); n++) {
        const at = random.below(text.length);
        const cut = random.below(2) * random.below(12);
        text = text.slice(0, at) + (random.uniform() < 0.7 ? random.pick(pieces) : '') + text.slice(at + cut);
      }
      writeFileSync(file, text);
      try {
        loadConfig(file);
        valid++;
      } catch (error) {
        assert.ok(error instanceof UsageError, `${JSON.stringify(text)}: ${String(error)}`);
        assert.ok(!error.message.includes('\n'), `${JSON.stringify(text)}: ${error.message}`);
      }
    }
    // Both happen, or the mutations are worth nothing.
    assert.ok(valid > 5 && valid < 150, `${valid} of 200 are valid`);
  });
});

/** Ten levels of ten references: 10^10 values when written out. */
const bomb = Array.from({ length: 10 }, (_, i) =>
  i === 0 ? 'a0: &a0 [1]' : `a${i}: &a${i} [${new Array<string>(10).fill(`*a${i - 1}`).join(', ')}]`,
).join('\n');

describe('JSON Schema', () => {
  interface Node {
    description?: string;
    properties?: Record<string, Node>;
    items?: Node;
    anyOf?: Node[];
    oneOf?: Node[];
    additionalProperties?: boolean;
  }

  /** A node and its alternatives, and theirs. */
  const variants = (node: Node): Node[] => [node, ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(variants)];

  /** Every dotted key with its description. */
  function describedKeys(node: Node, at = ''): [key: string, description: string | undefined][] {
    const inside = variants(node).flatMap((part) => [
      ...Object.entries(part.properties ?? {}),
      ...Object.entries(part.items?.properties ?? {}),
    ]);
    return inside.flatMap(([key, child]) => {
      const name = at === '' ? key : `${at}.${key}`;
      return [[name, child.description] as [string, string | undefined], ...describedKeys(child, name)];
    });
  }

  it('says what every key means, and allows no others', () => {
    const schema = configJsonSchema() as Node;
    const keys = describedKeys(schema);
    for (const [key, description] of keys)
      assert.ok(description && description.length > 5, `${key} has no description`);
    const names = keys.map(([key]) => key);
    for (const key of ['joint.lr', 'joint.cycle.unit', 'joint.shapes.snippets', 'data.synthetic.videos', 'seed'])
      assert.ok(names.includes(key), key);
    assert.equal(schema.additionalProperties, false);
    for (const key of allKeys(configSchema)) assert.ok(names.includes(key), key);
  });
});
