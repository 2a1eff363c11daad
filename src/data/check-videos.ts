import { statSync } from 'node:fs';
import path from 'node:path';
import { UsageError, WorkError } from '../system/errors.js';
import { say } from '../system/say.js';
import { inParallel } from '../system/parallel.js';
import { findFfmpeg } from '../video/ffmpeg.js';
import { probe, type VideoInfo } from '../video/probe.js';
import { loadDataset, type Video } from './dataset.js';
import { leftOut, videosInFolder } from './folder-videos.js';
import { oddities } from './oddities.js';

/** A video and what is wrong with it. */
export interface Finding {
  /** The video's id in the dataset, or its path relative to the folder. */
  video: string;
  path: string;
  reason: string;
}

export interface VideoCheck {
  /** Videos that are neither missing nor broken. */
  ok: number;
  missing: Finding[];
  /** Videos that cannot be decoded, end early, or in which ffmpeg reports errors. */
  broken: Finding[];
  /** Usable videos that differ from their description in the dataset, or have frames at uneven times. */
  warnings: Finding[];
}

/** A video to check, with its description in the dataset file, if there is one. */
type Listed = Pick<Video, 'id' | 'path'> & { said?: Video };

/** Seconds by which an annotation may lie beyond the end without a warning, since annotations are rounded. */
const rounding = 0.05;
/** Number of frames that may be missing at the end, as when the video is decoded for training. */
const tolerated = 2;

/**
 * Decodes every video of a dataset file, or of a folder and its subfolders, and compares each with its description.
 *
 * @param dataset - Path of the dataset file or the folder.
 * @throws UsageError when there is no such file or folder, or it has no videos.
 */
export async function checkVideos(
  dataset: string,
  onProgress?: (done: number, total: number) => void,
): Promise<VideoCheck> {
  const videos = isFolder(dataset)
    ? await listFolder(dataset)
    : loadDataset(dataset).videos.map((video) => ({ id: video.id, path: video.path, said: video }));
  if (videos.length === 0) throw new UsageError(`no videos in ${dataset}`);
  // Without ffmpeg no video can be checked.
  findFfmpeg();
  const check: VideoCheck = { ok: 0, missing: [], broken: [], warnings: [] };
  const verdicts = await inParallel(videos, checkVideo, onProgress);
  verdicts.forEach((verdict, i) => {
    const { id, path: file } = videos[i]!;
    if (verdict) check[verdict.list].push({ video: id, path: file, reason: verdict.reason });
    if (!verdict || verdict.list === 'warnings') check.ok++;
  });
  return check;
}

interface Verdict {
  list: 'missing' | 'broken' | 'warnings';
  reason: string;
}

async function checkVideo({ path: file, said }: Listed): Promise<Verdict | undefined> {
  const absence = absent(file);
  if (absence !== undefined) return { list: 'missing', reason: absence };
  let found: VideoInfo;
  try {
    found = await probe(file);
  } catch (error) {
    if (!(error instanceof WorkError)) throw error;
    return { list: 'broken', reason: error.message.replace(`not a readable video: ${file}: `, '') };
  }
  const broken = damage(found, said);
  if (broken !== undefined) return { list: 'broken', reason: broken };
  const warnings = [...disagreements(found, said), ...oddities(found).map(({ text }) => text)];
  return warnings.length > 0 ? { list: 'warnings', reason: warnings.join('; ') } : undefined;
}

/** Why the file at a path, or at the end of its links, cannot be used; undefined where it exists. */
function absent(file: string): string | undefined {
  try {
    statSync(file);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'no such file' : `the file cannot be reached (${code ?? 'error'})`;
  }
}

function damage(found: VideoInfo, said: Video | undefined): string | undefined {
  if (found.frames === 1) return 'it holds a single frame';
  if (said?.problem === undefined && said && found.frames < said.frames - tolerated) {
    const words = found.damage === undefined ? '' : `; ${found.damage}`;
    return `it ends early: ${found.frames} frames of the ${said.frames} that the dataset says${words}`;
  }
  return found.damage;
}

/** The differences between a usable video and its description in the dataset. */
function disagreements(found: VideoInfo, said: Video | undefined): string[] {
  if (!said) return [];
  if (said.problem !== undefined) return [`it can be decoded, but the dataset says: ${said.problem}`];
  const differing: string[] = [];
  const compare = (what: string, is: string, was: string) => differing.push(`${what} ${is}, the dataset says ${was}`);
  if (found.width !== said.width || found.height !== said.height)
    compare('size', `${found.width}x${found.height}`, `${said.width}x${said.height}`);
  if (found.frames !== said.frames) compare('frames', String(found.frames), String(said.frames));
  if (Math.abs(found.fps / said.fps - 1) > 0.001) compare('fps', round(found.fps), round(said.fps));
  if (Math.abs((found.start ?? 0) - (said.start ?? 0)) > 1 / found.fps)
    compare('start of the picture', `${round(found.start ?? 0)} s`, `${round(said.start ?? 0)} s`);
  if (Math.abs(found.duration - said.duration) > tolerated / found.fps)
    compare('duration', `${round(found.duration)} s`, `${round(said.duration)} s`);

  const beyond = said.instances.filter(({ end }) => end > found.duration + rounding);
  if (beyond.length > 0) {
    const last = Math.max(...beyond.map(({ end }) => end));
    const those = beyond.length === 1 ? '1 annotation ends' : `${beyond.length} annotations end`;
    differing.push(`${those} beyond its ${round(found.duration)} s (${round(last)} s)`);
  }
  return differing;
}

function round(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** All videos below a folder, sorted by name. What is left out is told on stderr. */
async function listFolder(folder: string): Promise<Listed[]> {
  const found = await videosInFolder(folder, true);
  leftOut(folder, found).forEach(say);
  return found.videos.map((name) => ({ id: name, path: path.resolve(folder, name) }));
}
