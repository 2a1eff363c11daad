import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cacheFolder } from '../system/install/cache.js';
import { UsageError, WorkError } from '../system/errors.js';
import { findProgram, isExecutable } from '../system/programs.js';

const require = createRequire(import.meta.url);

/** The ffmpeg program that reads and writes all videos. */
export interface Ffmpeg {
  readonly path: string;
  /** The version that the program reports, e.g. `7.1` or `9.0.2-static`. */
  readonly version: string;
  readonly source: 'FFMPEG_PATH' | 'ffmpeg-static' | 'PATH' | 'imageio-ffmpeg';
}

/**
 * The places where ffmpeg may be: the environment, the cache folder, and the binary of the npm package ffmpeg-static.
 */
export interface FfmpegPlaces {
  readonly env: NodeJS.ProcessEnv;
  readonly cache: string;
  readonly packaged: string | undefined;
}

/**
 * Folders in the cache into which set-up fetches ffmpeg, with ffmpeg-static's downloader or
 * from the imageio-ffmpeg wheel.
 */
export const FETCHED_STATIC = 'ffmpeg-static';
export const FETCHED_IMAGEIO = 'imageio-ffmpeg-0.8.1';

let found: Ffmpeg | undefined;

/**
 * The ffmpeg to use, which is the first of these that runs: `FFMPEG_PATH`, ffmpeg-static's, `ffmpeg` on PATH, the
 * imageio-ffmpeg wheel's. It is looked for once per process.
 *
 * @throws UsageError when the program in FFMPEG_PATH does not run; WorkError when there is none.
 */
export function findFfmpeg(): Ffmpeg {
  found ??= locateFfmpeg({ env: process.env, cache: cacheFolder(), packaged: packagedFfmpeg() });
  if (found === undefined) {
    throw new WorkError('no ffmpeg that runs was found. Run lofi setup, or set FFMPEG_PATH to an ffmpeg program.');
  }
  return found;
}

/**
 * Looks for ffmpeg like {@link findFfmpeg}, in the given places; undefined when none of them has an ffmpeg that runs.
 */
export function locateFfmpeg({ env, cache, packaged }: FfmpegPlaces): Ffmpeg | undefined {
  const own = env['FFMPEG_PATH'];
  if (own !== undefined && own !== '') {
    const ffmpeg = tryFfmpeg(own, 'FFMPEG_PATH');
    if (ffmpeg === undefined)
      throw new UsageError(`FFMPEG_PATH=${own} is not an ffmpeg program that runs. Correct it or unset it.`);
    return ffmpeg;
  }
  const candidates: [string | undefined, Ffmpeg['source']][] = [
    [packaged, 'ffmpeg-static'],
    [programIn(path.join(cache, FETCHED_STATIC)), 'ffmpeg-static'],
    [findProgram('ffmpeg', env), 'PATH'],
    [programIn(path.join(cache, FETCHED_IMAGEIO, 'imageio_ffmpeg', 'binaries')), 'imageio-ffmpeg'],
  ];
  for (const [file, source] of candidates) {
    const ffmpeg = file === undefined ? undefined : tryFfmpeg(file, source);
    if (ffmpeg !== undefined) return ffmpeg;
  }
  return undefined;
}

/**
 * The path of ffmpeg-static's binary, which may not exist; undefined when the optional package is missing
 * or has none for this system.
 */
function packagedFfmpeg(): string | undefined {
  try {
    return (require('ffmpeg-static') as string | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The ffmpeg program in a folder. The wheels put platform and version into its name. */
function programIn(folder: string): string | undefined {
  try {
    const name = readdirSync(folder).find(
      (file) => /^ffmpeg(-.*|\.exe)?$/.test(file) && !/\.(README|LICENSE)$/.test(file),
    );
    return name === undefined ? undefined : path.join(folder, name);
  } catch {
    return undefined;
  }
}

function tryFfmpeg(file: string, source: Ffmpeg['source']): Ffmpeg | undefined {
  if (!isExecutable(file)) return undefined;
  const ended = spawnSync(file, ['-hide_banner', '-version'], {
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const version = /^ffmpeg version (\S+)/.exec(ended.stdout)?.[1];
  return ended.status === 0 && version !== undefined ? { path: path.resolve(file), version, source } : undefined;
}
