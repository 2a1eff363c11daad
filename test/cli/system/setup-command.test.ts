import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { engineWheels } from '../../../src/engine/wheels.js';
import { findFfmpeg } from '../../../src/video/ffmpeg.js';
import { script, temporaryFolder } from '../../support/temporary.js';
import { lofi } from '../../support/lofi.js';

const skip = engineWheels('tensorflow') === undefined;

interface Document {
  engine: { name: string };
  ffmpeg: { path: string };
  problems: string[];
}

/** Runs set-up with an empty cache and an existing ffmpeg, so that only the engine is missing. */
async function setUp(XDG_CACHE_HOME: string, env: NodeJS.ProcessEnv, ...args: string[]) {
  const all = { XDG_CACHE_HOME, LOFI_ENGINE: '', FFMPEG_PATH: findFfmpeg().path, ...env };
  const ended = await lofi(['setup', '--json', ...args], all);
  assert.equal(ended.code, 0, ended.stderr);
  return { ...ended, document: JSON.parse(ended.stdout) as Document };
}

test('what is missing is named, and wasm is used', { skip }, async (t) => {
  const tools = temporaryFolder(t);
  const cases: [RegExp, NodeJS.ProcessEnv][] = [];
  cases.push([/^g\+\+ is missing\. Install/, { PATH: temporaryFolder(t) }]);
  script(tools, 'g++', 'exit 1');
  cases.push([/^python3 is missing\. Install/, { PATH: tools }]);
  const withPython = temporaryFolder(t);
  script(withPython, 'g++', 'exit 1');
  script(withPython, 'python3', 'exit 1');
  cases.push([/^pip is missing\. Install/, { PATH: withPython }]);
  const noNetwork = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: temporaryFolder(t) };
  cases.push([/could not be downloaded .*Check the network/, noNetwork]);
  for (const [said, env] of cases) {
    const cache = temporaryFolder(t);
    const { document, stderr } = await setUp(cache, env);
    assert.equal(document.engine.name, 'wasm');
    assert.equal(document.problems.length, 1);
    assert.match(document.problems[0]!, said);
    assert.match(stderr, /^problem: /m);
    assert.deepEqual(readdirSync(path.join(cache, 'lofi-tal')), []);
  }
});

test('--engine wasm fetches nothing', async (t) => {
  const cache = temporaryFolder(t);
  const { document, stderr } = await setUp(cache, {}, '--engine', 'wasm');
  assert.equal(document.engine.name, 'wasm');
  assert.deepEqual(document.problems, []);
  assert.equal(stderr, '');
  assert.equal(existsSync(path.join(cache, 'lofi-tal')), false);
});

test('a wrong FFMPEG_PATH is the caller’s to correct', async () => {
  const ended = await lofi(['setup', '--engine', 'wasm'], { FFMPEG_PATH: '/no/such/ffmpeg' });
  assert.equal(ended.code, 2);
  assert.match(ended.stderr, /^lofi: FFMPEG_PATH=\/no\/such\/ffmpeg is not an ffmpeg program that runs/);
});
