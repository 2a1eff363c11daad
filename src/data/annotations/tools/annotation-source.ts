import type { Warning } from '../annotations.js';
import { JsonFile } from '../json-file.js';
import { decodeAnnotations } from './decode-annotations.js';
import { TextTable } from './text-table.js';
import { parseXml, type XmlElement } from './xml-tree.js';

/** Number of characters at the beginning by which forms are told apart. */
const looked = 4096;

/** An annotation file of a form that is not known yet. Its parts are parsed when they are asked for, once. */
export class AnnotationSource {
  readonly text: string;
  /** What was noticed on reading. */
  readonly warnings: readonly Warning[];
  private parsedJson?: JsonFile;
  private parsedXml?: XmlElement;
  private parsedTable?: TextTable;

  /**
   * Reads a file.
   *
   * @throws UsageError when it is no readable text.
   */
  constructor(readonly file: string) {
    const { text, warnings } = decodeAnnotations(file);
    this.text = text;
    this.warnings = warnings;
  }

  /** The beginning of the text, for a first look. */
  get beginning(): string {
    return this.text.slice(0, looked);
  }

  /**
   * The document, if the text is JSON; undefined where it does not begin like it.
   *
   * @throws UsageError where it begins like JSON and is none.
   */
  get json(): JsonFile | undefined {
    if (!/^\s*[[{]/.test(this.beginning)) return undefined;
    return (this.parsedJson ??= new JsonFile(this.file, 'annotation file', this.text));
  }

  /**
   * The root element, if the text is XML; undefined where it does not begin like it.
   *
   * @throws UsageError where it begins like XML and is none.
   */
  get xml(): XmlElement | undefined {
    if (!/^\s*<[?!A-Za-z]/.test(this.beginning)) return undefined;
    return (this.parsedXml ??= parseXml(this.text, this.file));
  }

  /** The text as a table; undefined where it begins like JSON or XML. */
  get table(): TextTable | undefined {
    if (/^\s*([[{]|<[?!A-Za-z])/.test(this.beginning)) return undefined;
    return (this.parsedTable ??= new TextTable(this.file, this.text));
  }
}
