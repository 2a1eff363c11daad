import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cacheFolder, installFolder } from '../system/install/cache.js';
import { WorkError } from '../system/errors.js';
import { runProgram } from '../system/programs.js';
import { installWheels, lastLine, type Wheel } from '../system/install/wheel.js';
import { FETCHED_IMAGEIO, FETCHED_STATIC } from './ffmpeg.js';

const require = createRequire(import.meta.url);

/** Closed networks often drop connections that they do not allow; waiting longer would not help. */
const DOWNLOADER_SECONDS = 20;

const imageio = (platform: string, sha256: string, bytes?: number): Wheel => ({
  project: 'imageio-ffmpeg',
  version: '0.8.1',
  platform,
  sha256,
  ...(bytes === undefined ? {} : { bytes }),
});

/** Wheels that contain an ffmpeg program, by `process.platform-process.arch`. */
const wheels: Readonly<Record<string, Wheel>> = {
  'linux-x64': imageio(
    'manylinux_2_28_x86_64',
    '050d6850601c3b3890bd2b28306f3b842b3daea390a561101174375a1c460bda',
    67_998_402,
  ),
  'linux-arm64': imageio(
    'manylinux_2_28_aarch64',
    'fad3176f859b25869e60a8ed79957d4e3ed74a97a95e5f0cdcb91455f6c6d00e',
    0,
  ),
  'darwin-arm64': imageio('macosx_12_0_arm64', '5636d691e36e5274b13fe38182b1f627b2e35dcecc63944012c2470f9484fc45'),
  'darwin-x64': imageio('macosx_10_13_x86_64', '9538a10e598257263b5de1a1c1b86e7603417bc219245b1e279b452e5e48cc20'),
  'win32-x64': imageio('win_amd64', 'f27ca4cb85e2d4946deedbce1a81245dfd942a2bcf94b53676fb3956aa95bf1b'),
};

/**
 * Fetches an ffmpeg program into the cache, with ffmpeg-static's own downloader or, if that fails, from the pinned
 * imageio-ffmpeg wheel. Call it under the set-up lock when no ffmpeg was found.
 *
 * @param say - Receives a line for each slow step.
 * @throws WorkError when neither works.
 */
export async function fetchFfmpeg(
  say: (line: string) => void,
  cache = cacheFolder(),
  wheel = wheels[`${process.platform}-${process.arch}`],
): Promise<void> {
  say('ffmpeg: trying the downloader of ffmpeg-static');
  try {
    await installFolder(path.join(cache, FETCHED_STATIC), runDownloader);
    return;
  } catch (error) {
    say(`ffmpeg: ${(error as Error).message}`);
  }
  if (wheel === undefined) {
    throw new WorkError('no ffmpeg could be fetched for this machine. Install ffmpeg, or set FFMPEG_PATH to one.');
  }
  say(`ffmpeg: fetching ${wheel.project} ${wheel.version}`);
  await installFolder(path.join(cache, FETCHED_IMAGEIO), async (staging) => {
    const members = 'imageio_ffmpeg/binaries/';
    await installWheels(staging, [wheel], [members]);
    for (const name of readdirSync(path.join(staging, members))) chmodSync(path.join(staging, members, name), 0o755);
  });
}

/**
 * Runs ffmpeg-static's installer such that it writes into `folder`, so that node_modules never holds half a program.
 */
async function runDownloader(folder: string): Promise<void> {
  let installer: string;
  try {
    installer = require.resolve('ffmpeg-static/install.js');
  } catch {
    throw new WorkError('ffmpeg-static is not installed');
  }
  const file = path.join(folder, process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg');
  const ended = await runProgram(process.execPath, [installer], {
    // The installer's download cache goes into the same folder, since the program is needed only once.
    env: { ...process.env, FFMPEG_BIN: file, XDG_CACHE_HOME: path.join(folder, '.download') },
    seconds: DOWNLOADER_SECONDS,
  });
  rmSync(path.join(folder, '.download'), { recursive: true, force: true });
  if (ended.timedOut) throw new WorkError(`its host did not answer in ${DOWNLOADER_SECONDS} s`);
  if (ended.code !== 0) throw new WorkError(`its host was not reached (${lastLine(ended.stderr, /^.*Error: /)})`);
}
