import { printable } from '../../system/printable.js';
import type { Instance } from '../dataset.js';
import type { UnlabelledStretch } from '../unlabelled-stretches.js';

/** An annotation file's entry for a video. It has not been compared with the video yet. */
export interface AnnotatedVideo {
  id: string;
  /** The name of its file with the extension, where the annotation file gives it and it is not the id. */
  fileName?: string;
  subset: string;
  /** Seconds; absent where the file does not say. */
  duration?: number;
  instances: Instance[];
  /** Stretches in seconds that nobody has labelled. */
  unlabelled?: UnlabelledStretch[];
  /** Further instances and stretches, as places among the frames; `rows`: the number of frames that the file has. */
  inFrames?: { instances: Instance[]; unlabelled: UnlabelledStretch[]; rows?: number };
  /** `file:line` of its first entry, where the reader gives it. */
  where?: string;
  /** Oddities of the video's entry in the file. */
  warnings: Warning[];
}

/** Something that does not stop the work but that the user should know. */
export interface Warning {
  /** Name under which warnings of this kind are counted, such as `clipped instances`. */
  kind: string;
  /** One line, without the video's id. */
  text: string;
}

/** Number of warnings of a kind that are shown; the others are counted. */
const shownOfAKind = 5;

/** The first warnings of each kind, and how many more there are. */
export function shorten(warnings: readonly Warning[]): string[] {
  const kinds = [...new Set(warnings.map(({ kind }) => kind))];
  return kinds.flatMap((kind) => {
    const lines = warnings.filter((warning) => warning.kind === kind).map(({ text }) => printable(text, 300));
    const more = lines.length - shownOfAKind;
    return more > 0 ? [...lines.slice(0, shownOfAKind), `… ${more} more ${kind}`] : lines;
  });
}
