import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { readText } from '../../system/files/files.js';

const isTable = (file: string): boolean => file.endsWith('.csv');

/**
 * Where an annotation file names a video, for messages: `file:line` of the first line with the name, or the file alone.
 * Of a folder, the files in it are searched.
 */
export function placeOf(place: string, name: string): string {
  const files = statSync(place).isDirectory()
    ? readdirSync(place)
        .filter(isTable)
        .sort()
        .map((file) => path.join(place, file))
    : [place];
  // JSON and tables escape the same name in ways of their own.
  const forms = [name, JSON.stringify(name).slice(1, -1), name.replaceAll('"', '""')].map((form) =>
    form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
  );
  const pattern = new RegExp(`(^|[\\s"',;:{])(${forms.join('|')})($|[\\s"',;.])`);
  for (const file of files) {
    const line = readText(file, 'annotation file')
      .split('\n')
      .findIndex((text) => pattern.test(text));
    if (line >= 0) return `${file}:${line + 1}`;
  }
  return place;
}
