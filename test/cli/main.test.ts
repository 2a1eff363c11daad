import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { makeCacheFolder } from '../../src/system/install/cache.js';
import { withLock } from '../../src/system/install/setup-lock.js';
import { temporaryFolder } from '../support/temporary.js';
import { lofi, startLofi } from '../support/lofi.js';

test('help lists the commands, and neither it nor evaluate --help loads an engine', async (t) => {
  const spy = path.join(temporaryFolder(t), 'spy.cjs');
  writeFileSync(
    spy,
    `process.on('exit', () => {
       const files = Object.keys(require.cache);
       const loaded = files.filter((file) => file.includes('@tensorflow') || file.includes('vega'));
       if (loaded.length > 0) process.stderr.write('loaded ' + loaded[0]);
     });`,
  );
  const help = await lofi(['--help'], {}, ['--require', spy]);
  assert.equal(help.code, 0);
  for (const name of ['setup', 'doctor', 'prepare', 'joint', 'evaluate', 'config']) {
    assert.match(help.stdout, new RegExp(`^ +lofi ${name} +\\w`, 'm'));
  }
  assert.equal(help.stderr, '');
  const evaluate = await lofi(['evaluate', '--help'], {}, ['--require', spy]);
  assert.equal(evaluate.code, 0);
  assert.match(evaluate.stdout, /--ground-truth/);
  assert.equal(evaluate.stderr, '');
  // The spy must notice what is loaded, or the two checks above would prove nothing.
  const doctor = await lofi(['doctor'], { LOFI_ENGINE: 'wasm' }, ['--require', spy]);
  assert.match(doctor.stderr, /loaded .*@tensorflow/);
});

test('--version is the package’s', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  assert.equal((await lofi(['--version'])).stdout, `${version}\n`);
});

for (const [args, said] of [
  [[], /^lofi: no command given.*lofi --help/],
  [['evaluat'], /Unknown argument: evaluat\. Did you mean evaluate\? See lofi --help\./],
  [['setup', '--jsn'], /Unknown argument: jsn\. Did you mean --json\? See lofi setup --help\./],
  [['doctor', 'now'], /Unknown argument: now\. See lofi doctor --help\./],
  [['setup', '--engine', 'cuda'], /engine.*"cuda".*"tensorflow", "tensorflow-gpu", "wasm"/],
  [['evaluate'], /Missing required arguments: ground-truth, predictions/],
] as const) {
  test(`a wrong call ends with 2 and one line: lofi ${args.join(' ')}`, async () => {
    const ended = await lofi([...args]);
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, said);
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1);
    assert.equal(ended.stdout, '');
  });
}

test('a stack trace only with --verbose', async () => {
  const env = { LOFI_ENGINE: 'abacus' };
  const short = await lofi(['setup'], env);
  assert.equal(short.code, 2);
  assert.match(short.stderr, /^lofi: LOFI_ENGINE=abacus is not an engine\..*\n$/);
  const long = await lofi(['setup', '--verbose'], env);
  assert.equal(long.code, 2);
  assert.match(long.stderr, /\n +at .*backend\.ts/);
});

test('a reader that has had enough is no error', async () => {
  const child = startLofi(['--help']);
  child.stdout!.destroy();
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0);
  assert.equal(stderr, '');
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends a command that does not handle it with ${code}`, async (t) => {
    const XDG_CACHE_HOME = temporaryFolder(t);
    const cache = makeCacheFolder(path.join(XDG_CACHE_HOME, 'lofi-tal'));
    const ended = await withLock(
      cache,
      () => undefined,
      async () => {
        const child = startLofi(['setup'], { XDG_CACHE_HOME, LOFI_ENGINE: 'tensorflow', FFMPEG_PATH: '' });
        const [said] = (await once(child.stderr!, 'data')) as [Buffer];
        assert.match(said.toString(), /another set-up is at work/);
        child.kill(signal);
        return once(child, 'close');
      },
    );
    assert.deepEqual(ended, [code, null]);
  });
}
