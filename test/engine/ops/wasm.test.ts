import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { findBindings } from '../../../src/engine/binding.js';
import { assertClose } from '../../support/numeric.js';

const run = promisify(execFile);
const tests = path.resolve(import.meta.dirname, '../..');

/** Runs Node with an engine, outside of this test run: a child that knows it is one would report nothing to us. */
function node(engine: string, ...args: string[]): Promise<{ stdout: string }> {
  return run(process.execPath, ['--import', 'tsx', ...args], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, LOFI_ENGINE: engine },
    maxBuffer: 2 ** 28,
  });
}

test(
  'the tests of ops, models and training pass on wasm',
  { skip: process.env['LOFI_ENGINE'] === 'wasm' },
  async () => {
    const files = ['engine/ops', 'models', 'train'].flatMap((room) =>
      readdirSync(path.join(tests, room), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.test.ts') && file !== path.basename(import.meta.filename))
        .map((file) => path.join(tests, room, file)),
    );
    assert.ok(files.length > 15);
    // The processes run one after the other, because the machine is busy with other tests.
    const { stdout } = await node(
      'wasm',
      '--test',
      '--test-concurrency',
      '1',
      '--test-reporter',
      'tap',
      ...files,
    ).catch((error: unknown) =>
      assert.fail((error as { stdout: string }).stdout.match(/^ *not ok [^]*/m)?.[0] ?? String(error)),
    );
    assert.match(stdout, /^# fail 0$/m);
  },
);

test(
  'wasm and native TensorFlow agree on a whole step of training',
  { skip: findBindings().length === 0 && 'native TensorFlow is not set up' },
  async () => {
    const compute = async (engine: string) => {
      const { stdout } = await node(engine, path.join(tests, 'support', 'seeded-models.ts'));
      return JSON.parse(stdout) as { engine: string; out: Record<string, number[]> };
    };
    const [native, portable] = [await compute('tensorflow'), await compute('wasm')];
    assert.deepEqual([native.engine, portable.engine], ['tensorflow', 'wasm']);
    assert.deepEqual(Object.keys(portable.out), Object.keys(native.out));
    assert.ok(Object.keys(native.out).length > 200);
    for (const [name, values] of Object.entries(native.out)) {
      assert.ok(values.every(Number.isFinite), name);
      assertClose(portable.out[name]!, values, 1e-4, name);
    }
  },
);
