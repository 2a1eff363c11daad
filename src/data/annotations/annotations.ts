import type { Instance } from '../dataset.js';

/** An annotation file's entry for a video. It has not been compared with the video yet. */
export interface AnnotatedVideo {
  id: string;
  /** The name of its file with the extension, where the annotation file gives it and it is not the id. */
  fileName?: string;
  subset: string;
  /** Seconds; absent where the file does not say. */
  duration?: number;
  instances: Instance[];
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
