import type { Instance } from '../../dataset.js';
import type { UnlabelledStretch } from '../../unlabelled-stretches.js';
import type { Warning } from '../annotations.js';
import type { AnnotationSource } from './annotation-source.js';

/** What a file of an annotation tool says of one video. Several entries may be of one video. */
export interface LabelledVideo {
  /**
   * Names that its file may have, likeliest first. A name may be a path on the computer of whoever labelled it, or an
   * address; the folder of videos decides what is meant.
   */
  names: readonly string[];
  /** `file:line` of the entry, for messages. */
  where: string;
  /** Absent: that of other entries of the video, or 'training'. */
  subset?: string;
  /** Whether the names were changed on upload: `_` for spaces, other signs left out. */
  isUpload?: boolean;
  /** Whether the file names no video, so that the only one in the folder of videos is meant. */
  orOnlyVideo?: boolean;
  /** Seconds; absent where the file does not say. */
  duration?: number;
  /**
   * Whether times are seconds (default), or places among the video's frames: 0 before the first frame, 1 behind it. The
   * latter become seconds when the video is measured.
   */
  unit?: 'seconds' | 'frames';
  /** Number of frames that the file has a row for. */
  rows?: number;
  /** An instance that ends when it starts is a point event. */
  instances: Instance[];
  /** Stretches that nobody has labelled yet, in the same unit. */
  unlabelled?: UnlabelledStretch[];
  warnings?: Warning[];
}

/** What a file of an annotation tool holds, and what was left out of it. */
export interface LabelledFile {
  videos: LabelledVideo[];
  warnings: Warning[];
}

/** How people's own columns are called: a name for each of those that we know. */
export type ColumnNames = Readonly<Partial<Record<'video' | 'start' | 'end' | 'label' | 'subset', string>>>;

/** What a reader may be told besides the file. */
export interface FormatOptions {
  columns: ColumnNames;
}

/** A form of annotation files: how it is told from the others, and how it is read. */
export interface ToolFormat {
  /** As messages call it: `BORIS project`. */
  name: string;
  /** What its files are told by, for docs and messages. */
  toldBy: string;
  /** Whether a file has this form, by its content alone. */
  fits: (source: AnnotationSource, options: FormatOptions) => boolean;
  /**
   * Reads a file of this form.
   *
   * @throws UsageError with file:line where it is malformed.
   */
  read: (source: AnnotationSource, options: FormatOptions) => LabelledFile;
}
