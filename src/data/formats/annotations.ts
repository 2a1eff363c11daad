import type { Instance } from '../dataset.js';

/** What an annotation file says of a video; nothing of it is checked against the video yet. */
export interface AnnotatedVideo {
  id: string;
  subset: string;
  /** Seconds, where the file says. */
  duration?: number;
  instances: Instance[];
}
