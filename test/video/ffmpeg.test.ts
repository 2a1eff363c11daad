import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UsageError } from '../../src/system/errors.js';
import { findFfmpeg, locateFfmpeg } from '../../src/video/ffmpeg.js';
import { fetchFfmpeg } from '../../src/video/ffmpeg-setup.js';
import { makeWheel, offlinePip } from '../support/fake-wheel.js';
import { script, temporaryFolder } from '../support/temporary.js';

const options = ['-fps_mode[:<stream_spec>]', '-enc_time_base', '-max_alloc <bytes>', '-max_pixels  <int64>'];
const lists = ['  -protocol_whitelist <string>', '  -format_whitelist  <string>'];
/** A shell script that answers as an ffmpeg of this version with these options does, whatever it is asked. */
const says = (version: string, has = [...options, ...lists]) =>
  [`ffmpeg version ${version} Copyright (c) the FFmpeg developers`, ...has].map((line) => `echo "${line}"`).join('\n');

function fake(folder: string, name: string, version: string, has?: string[]): string {
  mkdirSync(folder, { recursive: true });
  return script(folder, name, says(version, has));
}

function setEnv(t: TestContext, values: NodeJS.ProcessEnv): void {
  const before = { ...process.env };
  Object.assign(process.env, values);
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'FFMPEG_BIN']) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- assigning undefined would set the word
    delete process.env[name];
  }
  t.after(() => {
    process.env = before;
  });
}

test('the first that runs: FFMPEG_PATH, ffmpeg-static, PATH, imageio-ffmpeg', (t) => {
  const [cache, bin, own] = [temporaryFolder(t), temporaryFolder(t), temporaryFolder(t)];
  const env: NodeJS.ProcessEnv = { PATH: bin };
  const locate = (packaged?: string) => locateFfmpeg({ env, cache, packaged });
  assert.equal(locate(), undefined);

  const wheel = fake(
    path.join(cache, 'imageio-ffmpeg-0.8.1/imageio_ffmpeg/binaries'),
    'ffmpeg-linux-x86_64-v9.0.2',
    '9',
  );
  assert.deepEqual(locate(), { path: wheel, version: '9', source: 'imageio-ffmpeg' });
  const onPath = fake(bin, 'ffmpeg', '5.1.6-0+deb12u1');
  assert.deepEqual(locate(), { path: onPath, version: '5.1.6-0+deb12u1', source: 'PATH' });
  const fetched = fake(path.join(cache, 'ffmpeg-static'), 'ffmpeg', '6');
  writeFileSync(`${fetched}.LICENSE`, '');
  assert.deepEqual(locate(), { path: fetched, version: '6', source: 'ffmpeg-static' });
  const packaged = fake(temporaryFolder(t), 'ffmpeg', '6.1');
  assert.deepEqual(locate(packaged), { path: packaged, version: '6.1', source: 'ffmpeg-static' });
  env['FFMPEG_PATH'] = fake(own, '-my ffmpeg', '7');
  assert.deepEqual(locate(packaged), { path: env['FFMPEG_PATH'], version: '7', source: 'FFMPEG_PATH' });
});

test('an ffmpeg that does not run is passed over, but not when FFMPEG_PATH names it', (t) => {
  const [cache, bin] = [temporaryFolder(t), temporaryFolder(t)];
  const broken = script(bin, 'ffmpeg', 'echo "error while loading shared libraries" >&2; exit 127');
  const wheel = fake(path.join(cache, 'imageio-ffmpeg-0.8.1/imageio_ffmpeg/binaries'), 'ffmpeg-x', '9');
  assert.equal(locateFfmpeg({ env: { PATH: bin }, cache, packaged: path.join(bin, 'absent') })?.path, wheel);
  for (const FFMPEG_PATH of [broken, '/no/such/ffmpeg']) {
    assert.throws(
      () => locateFfmpeg({ env: { FFMPEG_PATH }, cache, packaged: undefined }),
      (error) => error instanceof UsageError && error.message.includes(FFMPEG_PATH),
    );
  }
});

test('an ffmpeg without the options that videos are read with is passed over, and doctor can say why', (t) => {
  const [cache, bin] = [temporaryFolder(t), temporaryFolder(t)];
  const old = fake(bin, 'ffmpeg', '4.2.7-0ubuntu0.1', ['-vsync', '-fps_modern', ...options.slice(1), lists[0]!]);
  const wheel = fake(path.join(cache, 'imageio-ffmpeg-0.8.1/imageio_ffmpeg/binaries'), 'ffmpeg-x', '9');
  const passed: string[] = [];
  const found = locateFfmpeg({ env: { PATH: bin }, cache, packaged: '/no/such/ffmpeg' }, (why) => passed.push(why));
  assert.equal(found?.path, wheel);
  const why = 'is ffmpeg 4.2.7-0ubuntu0.1, which has no -fps_mode, -format_whitelist: version 5.1 or newer is needed';
  assert.deepEqual(passed, [`${old} is passed over, because it ${why}`]);
  assert.throws(() => locateFfmpeg({ env: { FFMPEG_PATH: old }, cache, packaged: undefined }), {
    name: 'UsageError',
    message: `FFMPEG_PATH=${old} ${why}. Correct it or unset it.`,
  });
});

test('a program in a cache folder that others can write into is not run', (t) => {
  const cache = temporaryFolder(t);
  const proof = path.join(cache, 'was-run');
  const folder = path.join(cache, 'ffmpeg-static');
  mkdirSync(folder);
  script(folder, 'ffmpeg', `touch ${proof}\n${says('6')}`);
  chmodSync(cache, 0o777);
  const passed: string[] = [];
  assert.equal(
    locateFfmpeg({ env: {}, cache, packaged: undefined }, (why) => passed.push(why)),
    undefined,
  );
  assert.match(passed.join(), /^others can write into the cache folder .*, and programs in it would be run: /);
  assert.ok(!existsSync(proof));
  chmodSync(cache, 0o700);
  assert.equal(locateFfmpeg({ env: {}, cache, packaged: undefined })?.version, '6');
});

test('the ffmpeg of this machine is found and looked for once', () => {
  assert.match(findFfmpeg().version, /\d/);
  assert.equal(findFfmpeg(), findFfmpeg());
});

test('set-up uses the downloader of ffmpeg-static first', async (t) => {
  const program = gzipSync(`#!/bin/sh\n${says('6.1.1')}\n`);
  const server = createServer((request, response) => {
    if (request.url?.endsWith('.gz')) response.end(program);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const cache = temporaryFolder(t);
  setEnv(t, { FFMPEG_BINARIES_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  await fetchFfmpeg(() => undefined, cache, undefined);
  assert.deepEqual(readdirSync(path.join(cache, 'ffmpeg-static')), ['ffmpeg']);
  const found = locateFfmpeg({ env: {}, cache, packaged: undefined });
  assert.deepEqual([found?.version, found?.source], ['6.1.1', 'ffmpeg-static']);
});

test('where its host is out of reach the wheel is used, and nothing is left of the attempt', async (t) => {
  const [cache, index] = [temporaryFolder(t), temporaryFolder(t)];
  const wheel = await makeWheel(index, 'demo-ffmpeg', {
    'imageio_ffmpeg/binaries/ffmpeg-any-v9': `#!/bin/sh\n${says('9.0.2')}\n`,
    'imageio_ffmpeg/__init__.py': '',
  });
  setEnv(t, { ...offlinePip(index), FFMPEG_BINARIES_URL: 'http://127.0.0.1:9' });
  const lines: string[] = [];
  await fetchFfmpeg((line) => lines.push(line), cache, wheel);
  assert.match(lines.join('\n'), /its host was not reached \(.*ECONNREFUSED/);
  assert.deepEqual(readdirSync(cache), ['imageio-ffmpeg-0.8.1']);
  assert.equal(existsSync(path.join(cache, 'imageio-ffmpeg-0.8.1/imageio_ffmpeg/__init__.py')), false);
  const found = locateFfmpeg({ env: {}, cache, packaged: undefined });
  assert.deepEqual([found?.version, found?.source], ['9.0.2', 'imageio-ffmpeg']);
});
