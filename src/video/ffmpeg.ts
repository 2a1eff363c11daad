import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cacheFolder, cacheProblem } from '../system/install/cache.js';
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

/**
 * The options that videos are read with and that an old or a stripped ffmpeg does not have. Without them every video
 * would count as broken, or a hostile one would not be held to its limits.
 */
const neededOptions = [
  'fps_mode',
  'enc_time_base',
  'max_alloc',
  'max_pixels',
  'protocol_whitelist',
  'format_whitelist',
] as const;

let found: Ffmpeg | undefined;
let passed: readonly string[] = [];

/**
 * The ffmpeg to use, which is the first of these that runs and has the options that are needed: `FFMPEG_PATH`,
 * ffmpeg-static's, `ffmpeg` on PATH, the imageio-ffmpeg wheel's. It is looked for once per process.
 *
 * @throws UsageError when the program in FFMPEG_PATH cannot be used; WorkError when there is none.
 */
export function findFfmpeg(): Ffmpeg {
  if (found === undefined) {
    const reasons: string[] = [];
    found = locateFfmpeg({ env: process.env, cache: cacheFolder(), packaged: packagedFfmpeg() }, (why) =>
      reasons.push(why),
    );
    passed = reasons;
  }
  if (found === undefined) {
    const why = passed.length === 0 ? '' : ` (${passed.join('; ')})`;
    throw new WorkError(
      `no ffmpeg that can be used was found${why}. Run lofi setup, or set FFMPEG_PATH to an ffmpeg program.`,
    );
  }
  return found;
}

/** Why programs that come before the ffmpeg of {@link findFfmpeg} are not used, a line for each. */
export function passedOver(): readonly string[] {
  return passed;
}

/**
 * Looks for ffmpeg like {@link findFfmpeg}, in the given places; undefined when none of them has an ffmpeg that can be
 * used.
 *
 * @param pass - Receives a line for each place that has one that cannot be used.
 */
export function locateFfmpeg(
  { env, cache, packaged }: FfmpegPlaces,
  pass: (why: string) => void = () => undefined,
): Ffmpeg | undefined {
  const own = env['FFMPEG_PATH'];
  if (own !== undefined && own !== '') {
    const ffmpeg = tryFfmpeg(own, 'FFMPEG_PATH');
    if (typeof ffmpeg === 'string') throw new UsageError(`FFMPEG_PATH=${own} ${ffmpeg}. Correct it or unset it.`);
    return ffmpeg;
  }
  const untrusted = cacheProblem(cache);
  if (untrusted !== undefined) pass(untrusted);
  const cached = (...folder: string[]) =>
    untrusted === undefined ? programIn(path.join(cache, ...folder)) : undefined;
  const candidates: [string | undefined, Ffmpeg['source']][] = [
    [packaged, 'ffmpeg-static'],
    [cached(FETCHED_STATIC), 'ffmpeg-static'],
    [findProgram('ffmpeg', env), 'PATH'],
    [cached(FETCHED_IMAGEIO, 'imageio_ffmpeg', 'binaries'), 'imageio-ffmpeg'],
  ];
  for (const [file, source] of candidates) {
    // The package names the place of its program whether it was fetched or not.
    if (file === undefined || !existsSync(file)) continue;
    const ffmpeg = tryFfmpeg(file, source);
    if (typeof ffmpeg !== 'string') return ffmpeg;
    pass(`${file} is passed over, because it ${ffmpeg}`);
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

/** The program, or in a phrase why it cannot be used. */
function tryFfmpeg(file: string, source: Ffmpeg['source']): Ffmpeg | string {
  const version = /^ffmpeg version (\S+)/.exec(outputOf(file, ['-version']) ?? '')?.[1];
  if (version === undefined) return 'is not an ffmpeg program that runs';
  const help = outputOf(file, ['-h', 'full']) ?? '';
  const lacking = neededOptions.filter((option) => !new RegExp(`^ *-${option}(?!\\w)`, 'm').test(help));
  if (lacking.length > 0)
    return (
      `is ffmpeg ${version}, which has no ${lacking.map((option) => `-${option}`).join(', ')}: ` +
      'version 5.1 or newer is needed'
    );
  return { path: path.resolve(file), version, source };
}

/** What a program prints; undefined where it does not run or fails. */
function outputOf(file: string, args: readonly string[]): string | undefined {
  if (!isExecutable(file)) return undefined;
  const ended = spawnSync(file, ['-hide_banner', ...args], {
    encoding: 'utf8',
    timeout: 20_000,
    // The list of all options has more than a megabyte.
    maxBuffer: 2 ** 24,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return ended.status === 0 ? ended.stdout : undefined;
}
