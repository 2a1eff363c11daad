import { UsageError } from '../../../system/errors.js';
import { printable } from '../../../system/printable.js';
import { spreadsheet } from '../formats/spreadsheet.js';
import type { NamedFile } from './annotation-files.js';
import { AnnotationSource } from './annotation-source.js';
import { toolFormats } from './tool-formats.js';
import type { FormatOptions, LabelledFile, ToolFormat } from './tool-format.js';

/**
 * Reads annotation files, each in the one form that fits its content; names do not count. Of a folder, files that no
 * form fits are left out, which is said.
 *
 * @throws UsageError where several forms fit a file, where none fits one that the user has named or any of a folder,
 *   and where the one that fits finds the file malformed.
 */
export function readByContent(files: readonly NamedFile[], options: FormatOptions): LabelledFile {
  const all: LabelledFile = { videos: [], warnings: [] };
  const unknown: string[] = [];
  for (const { file, named } of files) {
    const known = tell(file, options);
    if ('unknown' in known) {
      if (named) throw known.unknown;
      unknown.push(known.unknown.message);
      continue;
    }
    const { format, source } = known;
    const { videos, warnings } = format.read(source, options);
    all.videos.push(...videos);
    all.warnings.push(...source.warnings, ...warnings);
  }
  if (unknown.length > 0 && unknown.length === files.length) {
    const more = unknown.length > 1 ? ` (and ${unknown.length - 1} more files)` : '';
    throw new UsageError(`no annotation file in this folder: ${unknown[0]!}${more}`);
  }
  for (const text of unknown) all.warnings.push({ kind: 'files that are left out', text: `left out: ${text}` });
  return all;
}

/** The form of a file, or why it has none. Columns that the user names are those of a spreadsheet. */
function tell(
  file: string,
  options: FormatOptions,
): { format: ToolFormat; source: AnnotationSource } | { unknown: UsageError } {
  let fitting: readonly ToolFormat[];
  let source: AnnotationSource;
  try {
    source = new AnnotationSource(file);
    if (source.text.trim() === '') return { unknown: new UsageError(`${file}: it is empty`) };
    const byColumns = Object.keys(options.columns).length > 0 && (source.table?.header.length ?? 0) > 1;
    fitting = byColumns ? [spreadsheet] : toolFormats.filter((one) => one.fits(source, options));
  } catch (error) {
    if (error instanceof UsageError) return { unknown: error };
    throw error;
  }
  const [format, ...others] = fitting;
  if (format && others.length > 0) {
    const names = fitting.map(({ name, toldBy }) => `${name} (${toldBy})`);
    throw new UsageError(`${file}: may be ${names.join(' or ')}: rename what it has of the other`);
  }
  if (format) return { format, source };
  return { unknown: new UsageError(`${file}: of no annotation format that is known: ${seen(source)}`) };
}

/** What was looked at in a file that nothing fits. */
function seen({ json, xml, table, beginning }: AnnotationSource): string {
  if (json) {
    const { content } = json;
    const keys = Array.isArray(content)
      ? 'a list'
      : `the keys ${Object.keys(content as object)
          .slice(0, 8)
          .join(', ')}`;
    return `JSON with ${printable(keys, 120)}`;
  }
  if (xml) return `XML with the root ${printable(xml.name, 60)}`;
  if (table && table.header.length > 1)
    return (
      `a table whose columns are ${table.says}; ` +
      'name those to read: --columns video=NAME,start=NAME,end=NAME,label=NAME'
    );
  return `text that begins with "${printable(beginning.trimStart(), 40)}"`;
}
