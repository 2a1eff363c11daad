import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../system/errors.js';
import { printable } from '../system/printable.js';
import { holdsVideo } from '../video/holds-video.js';
import { hasVideoExtension } from './video-extensions.js';

/** A file of a video, or the place where it was expected. */
export interface FoundFile {
  /** Absolute. */
  file: string;
  exists: boolean;
}

/**
 * Finds video files by name below one folder and never outside it. Composed and decomposed letters are the same.
 * Whether a file is a video is asked of ffmpeg where its extension does not say so, or where several files have the
 * name.
 */
export class VideoFolder {
  private readonly root: string;
  private readonly listings = new Map<string, readonly string[]>();
  private readonly answers = new Map<string, Promise<boolean>>();

  /**
   * Opens a folder of videos.
   *
   * @throws UsageError when there is no such folder.
   */
  constructor(readonly folder: string) {
    this.root = path.resolve(folder);
    if (!statSync(this.root, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UsageError(`no such folder of videos: ${folder}`);
    }
  }

  /**
   * The file of a video: the one with this very name, or else the one with this name and any extension, with or without
   * a leading `v_`. Case matters. If there is no such file, the path is where it was expected.
   *
   * @throws UsageError when the name leads out of the folder, or several videos have it.
   */
  async find(name: string): Promise<FoundFile> {
    const steps = this.steps(name);
    const base = steps.pop()!;
    const folder = steps.reduce((above, step) => this.below(above, step), this.root);
    const bare = base.startsWith('v_') ? base.slice(2) : `v_${base}`;
    const found = (await this.choose(name, folder, base)) ?? (await this.choose(name, folder, bare));
    const expected = hasVideoExtension(base) ? base : `${base}.mp4`;
    return { file: path.join(folder, found ?? expected), exists: found !== undefined };
  }

  /** The folders from the root to the file that a name leads to, and last the file. */
  private steps(name: string): string[] {
    // Windows separates folders by backslashes.
    const local = name.includes('/') ? name : name.replaceAll('\\', '/');
    const relative = path.relative(this.root, path.resolve(this.root, local));
    const steps = relative.split(path.sep);
    if (relative === '' || steps[0] === '..' || path.isAbsolute(local) || path.win32.isAbsolute(local))
      throw new UsageError(
        `the video id ${printable(JSON.stringify(name), 80)} leads out of the folder ${this.root}: write it relative to that folder`,
      );
    return steps;
  }

  private async choose(name: string, folder: string, base: string): Promise<string | undefined> {
    const wanted = base.normalize('NFC');
    const same = (file: string) => file.normalize('NFC') === wanted;
    const files = this.listing(folder);
    const exact = files.find((file) => file === base) ?? files.find(same) ?? files.find((file) => sameType(file, base));
    if (exact !== undefined && hasVideoExtension(exact)) return exact;
    const candidates = files.filter((file) => file === exact || same(path.parse(file).name));
    const [only] = candidates;
    if (candidates.length === 1 && hasVideoExtension(only!)) return only;
    const videos = [];
    for (const file of candidates) if (await this.isVideo(path.join(folder, file))) videos.push(file);
    if (videos.length > 1 && exact !== undefined && videos.includes(exact) && path.extname(exact) !== '') return exact;
    if (videos.length > 1)
      throw new UsageError(
        `the video id ${printable(JSON.stringify(name), 80)} may be ${printable(videos.slice(0, 3).join(' or '), 200)} in ${folder}: ` +
          'write the extension too, or leave one of them in the folder',
      );
    // A broken video keeps its name, so that it is named with what is wrong with it.
    return videos[0] ?? candidates.find((file) => hasVideoExtension(file));
  }

  private isVideo(file: string): Promise<boolean> {
    const known = this.answers.get(file) ?? holdsVideo(file);
    this.answers.set(file, known);
    return known;
  }

  /** The folder of this name in another one. */
  private below(above: string, step: string): string {
    const names = this.listing(above);
    const wanted = step.normalize('NFC');
    const found = names.includes(step) ? step : names.find((name) => name.normalize('NFC') === wanted);
    return path.join(above, found ?? step);
  }

  private listing(folder: string): readonly string[] {
    const listing = this.listings.get(folder) ?? listFolder(folder);
    this.listings.set(folder, listing);
    return listing;
  }
}

/** Whether two names differ by capitals of a video's extension at most. */
function sameType(one: string, other: string): boolean {
  const lower = (name: string) => {
    const { name: stem, ext } = path.parse(name.normalize('NFC'));
    return stem + ext.toLowerCase();
  };
  return hasVideoExtension(one) && lower(one) === lower(other);
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    // A folder that does not exist holds no videos, so each of its videos is marked as missing.
    return [];
  }
}
