import { SaxesParser } from 'saxes';
import { UsageError } from '../../../system/errors.js';
import { printable } from '../../../system/printable.js';

/** An element of an XML document. */
export interface XmlElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  /** All text in it, without that of its children. */
  text: string;
  /** Number of the line on which it begins. */
  line: number;
}

const maxElements = 2_000_000;
const maxDepth = 100;

/**
 * Parses an XML document. Only the five entities that every document has are resolved, and a document type, which could
 * define others, is refused.
 *
 * @throws UsageError with file:line.
 */
export function parseXml(text: string, file: string): XmlElement {
  const parser = new SaxesParser({ position: true });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let count = 0;
  const fail = (message: string): never => {
    throw new UsageError(`${file}:${parser.line}: not XML: ${printable(message.replace(/^\d+:\d+: /, ''), 120)}`);
  };
  parser.on('error', ({ message }) => fail(message));
  parser.on('doctype', () => fail('it has a document type (<!DOCTYPE …>), which is not read: delete it'));
  parser.on('opentag', ({ name, attributes }) => {
    if (++count > maxElements) fail(`more than ${maxElements} elements`);
    if (open.length >= maxDepth) fail(`elements more than ${maxDepth} deep`);
    const element: XmlElement = {
      name,
      attributes: new Map(Object.entries(attributes)),
      children: [],
      text: '',
      line: parser.line,
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  const add = (part: string) => {
    const element = open.at(-1);
    if (element) element.text += part;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.write(text).close();
  return root ?? fail('it has no element');
}

/** The children of an element that have a name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}
