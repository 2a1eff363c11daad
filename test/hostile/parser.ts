import type { Random } from '../../src/engine/random.js';

/** A reader of files from outside, and hostile files for it. */
export interface Parser {
  /** The contents of the files of a case, by name. */
  files: (random: Random) => Readonly<Record<string, Buffer>>;
  /** Reads them; `at` gives the path of a file. */
  read: (at: (name: string) => string) => unknown;
  /** Cases, where fewer than usual must do because each takes long. */
  cases?: number;
}
