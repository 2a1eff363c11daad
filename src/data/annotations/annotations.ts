import type { Instance } from '../dataset.js';

/** What an annotation file says of a video; nothing of it is checked against the video yet. */
export interface AnnotatedVideo {
  id: string;
  subset: string;
  /** Seconds, where the file says. */
  duration?: number;
  instances: Instance[];
  /** What is odd about the file's words on this video. */
  warnings: Warning[];
}

/** Something that does not stop the work but that the user should hear of. */
export interface Warning {
  /** What many warnings of this kind are counted as: `clipped instances`. */
  kind: string;
  /** One line, without the video's id. */
  text: string;
}
