import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../../system/errors.js';
import { printable } from '../../../system/printable.js';
import { hasVideoExtension, stripVideoExtension } from '../../video-extensions.js';
import type { AnnotatedVideo } from '../annotations.js';
import { joinVideos } from '../join-videos.js';
import { namesOfVideos } from '../video-names.js';
import type { LabelledVideo } from './tool-format.js';
import { lastPart, plainPath } from './video-names-of.js';

/**
 * Says which video each entry means, and joins the entries of one video. A name may be a path of another computer: its
 * last part is looked for in the folder of videos and the folders in it, and where several files have it, the one whose
 * folders agree most.
 *
 * @param folder - The folder of videos; null where there are only features.
 * @returns The videos in the order of their first entries, named relative to the folder.
 * @throws UsageError with file:line where a name may mean several files, or there is no such folder.
 */
export function findVideos(labelled: readonly LabelledVideo[], folder: string | null): AnnotatedVideo[] {
  const files = new VideoNames(folder === null ? [] : filesBelow(folder));
  const found = labelled.map((entry) => files.find(entry));
  const ids = namesOfVideos(found.map(({ name }, i) => ({ name, where: labelled[i]!.where })));
  const videos = new Map<string, AnnotatedVideo>();
  const parents = new Map<AnnotatedVideo, string>();
  // Most tools know no subsets: an entry without one is of that of the others of its video.
  const subsets = new Map<string, string>();
  labelled.forEach(({ subset }, i) => {
    const key = ids[i]!.id.normalize('NFC');
    if (subset !== undefined && !subsets.has(key)) subsets.set(key, subset);
  });
  labelled.forEach((entry, i) => {
    const { id, fileName } = ids[i]!;
    const { only } = found[i]!;
    const key = id.normalize('NFC');
    const subset = entry.subset ?? subsets.get(key) ?? 'training';
    const video = { ...toAnnotated(entry, id, subset, only), ...(fileName !== undefined && { fileName }) };
    const parent = parentOf(entry.names[0]!);
    const first = videos.get(key);
    if (!first) {
      videos.set(key, video);
      parents.set(video, parent);
    } else {
      const known = parents.get(first)!;
      if (parent !== '' && known !== '' && parent !== known) warnOfPaths(first, known, parent);
      joinVideos(first, video);
    }
  });
  return [...videos.values()];
}

function toAnnotated(entry: LabelledVideo, id: string, subset: string, only: boolean): AnnotatedVideo {
  const { where, duration, unit = 'seconds', rows, instances, unlabelled = [] } = entry;
  const warnings = [...(entry.warnings ?? [])];
  const taken = `${where}: names no video; the only one in the folder of videos is taken`;
  if (only) warnings.push({ kind: 'videos that are not named', text: taken });
  const inSeconds = unit === 'seconds';
  return {
    id,
    where,
    subset,
    ...(duration !== undefined && { duration }),
    instances: inSeconds ? [...instances] : [],
    ...(inSeconds && unlabelled.length > 0 && { unlabelled: [...unlabelled] }),
    ...(!inSeconds && {
      inFrames: { instances: [...instances], unlabelled: [...unlabelled], ...(rows !== undefined && { rows }) },
    }),
    warnings,
  };
}

/** The folder that a path names last, '' where it names none. */
function parentOf(name: string): string {
  return plainPath(name).split(/[/\\]/).at(-2) ?? '';
}

/** Warns of a video whose annotations name several folders: these may be different videos of one name. */
function warnOfPaths({ warnings }: AnnotatedVideo, known: string, other: string): void {
  const [one, two] = [known, other].map((name) => printable(JSON.stringify(name), 60)) as [string, string];
  const text = `is in a folder ${one} and in a folder ${two} by its annotations: both are taken for this video`;
  if (!warnings.some((warning) => warning.text === text))
    warnings.push({ kind: 'videos named by several paths', text });
}

/** The names of all files below a folder, as `sub/a.mp4`. Hidden ones are passed over. */
function filesBelow(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`no such folder of videos: ${folder}`);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((name) => !name.split('/').some((part) => part.startsWith('.')))
    .sort();
}

/** Files of videos, by the last parts of their names. */
class VideoNames {
  private readonly byName = new Map<string, string[]>();
  private readonly byStem = new Map<string, string[]>();
  private readonly byLooseName = new Map<string, string[]>();
  private readonly videos: string[];

  constructor(files: readonly string[]) {
    const add = (map: Map<string, string[]>, key: string, file: string) => {
      const known = map.get(key);
      if (known) known.push(file);
      else map.set(key, [file]);
    };
    this.videos = files.filter(hasVideoExtension);
    for (const file of files) add(this.byName, keyOf(lastPart(file)), file);
    for (const file of this.videos) {
      add(this.byStem, stripVideoExtension(lastPart(file)).normalize('NFC'), file);
      add(this.byLooseName, looseName(lastPart(file)), file);
    }
  }

  /** The file of an entry, relative to the folder; where there is none, the name by which it was looked for. */
  find({ names, where, isUpload, orOnlyVideo }: LabelledVideo): { name: string; only: boolean } {
    for (const name of names) {
      const base = lastPart(name);
      const files =
        this.byName.get(keyOf(base)) ?? (hasVideoExtension(base) ? [] : this.byStem.get(base.normalize('NFC')));
      if (files && files.length > 0) return { name: closest(name, files, where), only: false };
    }
    for (const name of isUpload ? names : []) {
      const files = this.byLooseName.get(looseName(lastPart(name)));
      if (files) return { name: closest(name, files, where), only: false };
    }
    if (orOnlyVideo && this.videos.length === 1) return { name: this.videos[0]!, only: true };
    const name = lastPart(names[0] ?? '');
    if (name === '') throw new UsageError(`${where}: names no video`);
    return { name, only: false };
  }
}

/** A name such that the forms of letters and the capitals of the extension do not count. */
function keyOf(name: string): string {
  const { name: stem, ext } = path.parse(name.normalize('NFC'));
  return stem + ext.toLowerCase();
}

/** A name as Label Studio keeps it on upload: `_` for spaces, and nothing but letters, digits, `_`, `-` and `.`. */
function looseName(name: string): string {
  return keyOf(
    name
      .trim()
      .replaceAll(' ', '_')
      .replace(/[^-\p{L}\p{N}_.]/gu, ''),
  );
}

/** Of several files the one that shares the most folders with a path, counted from its end. */
function closest(name: string, files: readonly string[], where: string): string {
  const parts = plainPath(name).split(/[/\\]/).reverse();
  const shared = files.map((file) => {
    const own = file.split('/').reverse();
    // The last parts are the same but for the extension and its capitals.
    let count = 1;
    while (count < own.length && own[count]!.normalize('NFC') === parts[count]?.normalize('NFC')) count++;
    // A file that is named wholly goes before one in a deeper folder.
    return count + (count === own.length ? 0.5 : 0);
  });
  const most = Math.max(...shared);
  const best = files.filter((_, i) => shared[i] === most);
  if (best.length === 1) return best[0]!;
  const list = best
    .slice(0, 3)
    .map((file) => printable(file, 60))
    .join(' or ');
  throw new UsageError(
    `${where}: "${printable(lastPart(name), 60)}" may be ${list}: rename one, or name the video with its folder`,
  );
}
