import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../system/errors.js';

/** Extensions of video files, common ones first. */
// prettier-ignore
const extensions = ['.mp4', '.mkv', '.webm', '.avi', '.mov', '.m4v', '.mpg', '.mpeg', '.flv', '.wmv', '.ts', '.3gp'];

/** The file name without its extension, if that is the extension of a video. */
export function stripVideoExtension(file: string): string {
  return extensions[rank(file)] === undefined ? file : file.slice(0, -path.extname(file).length);
}

function rank(file: string): number {
  return extensions.indexOf(path.extname(file).toLowerCase());
}

/** Finds video files by id below one folder and never outside it. */
export class VideoFolder {
  private readonly root: string;
  /** For each folder, the first video file of each name without extension. */
  private readonly listings = new Map<string, Map<string, string>>();

  /**
   * Opens a folder of videos.
   *
   * @throws UsageError when there is no such folder.
   */
  constructor(folder: string) {
    this.root = path.resolve(folder);
    if (!statSync(this.root, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UsageError(`no such folder of videos: ${folder}`);
    }
  }

  /**
   * The absolute path of `<id>.<extension>`, with or without a leading `v_`; case matters. If there is no such file,
   * the path is where it was expected.
   *
   * @throws UsageError when the id leads out of the folder.
   */
  find(id: string): { file: string; exists: boolean } {
    const place = path.resolve(this.root, id);
    const relative = path.relative(this.root, place);
    if (relative === '' || relative.split(path.sep)[0] === '..' || path.isAbsolute(relative) || path.isAbsolute(id)) {
      throw new UsageError(`the video id ${JSON.stringify(id)} leads out of the folder ${this.root}`);
    }
    const [folder, stem] = [path.dirname(place), path.basename(place)];
    const listing = this.listing(folder);
    const found = listing.get(stem) ?? listing.get(stem.startsWith('v_') ? stem.slice(2) : `v_${stem}`);
    return { file: path.join(folder, found ?? `${stem}${extensions[0]!}`), exists: found !== undefined };
  }

  private listing(folder: string): Map<string, string> {
    let listing = this.listings.get(folder);
    if (!listing) {
      const files = listFolder(folder).filter((file) => rank(file) >= 0);
      // The most common extension comes last and thus overwrites the others in the map.
      files.sort((a, b) => rank(b) - rank(a) || (a < b ? 1 : -1));
      listing = new Map(files.map((file) => [stripVideoExtension(file), file]));
      this.listings.set(folder, listing);
    }
    return listing;
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder that does not exist holds no videos, so each of its videos is marked as missing.
    return [];
  }
}
