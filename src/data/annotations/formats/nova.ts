import path from 'node:path';
import { UsageError } from '../../../system/errors.js';
import { printable } from '../../../system/printable.js';
import type { Instance } from '../../dataset.js';
import type { Warning } from '../annotations.js';
import { timeOf } from '../csv-annotations.js';
import { decodeAnnotations } from '../tools/decode-annotations.js';
import { labelText } from '../tools/label-text.js';
import type { ToolFormat } from '../tools/tool-format.js';
import { lastPart } from '../tools/video-names-of.js';
import { childrenOf, type XmlElement } from '../tools/xml-tree.js';

/**
 * NOVA's annotation: a scheme in `.annotation`, and beside it lines `from;to;id;confidence` in a file of the same name
 * with `~` at its end. Names of files are `role.scheme.annotator.annotation`; the video is called by the role, or by
 * the folder of the session.
 */
export const nova: ToolFormat = {
  name: 'NOVA annotation',
  toldBy: 'XML with the root annotation and a scheme; its lines are in the file NAME.annotation~',
  fits: ({ xml }) => xml?.name === 'annotation' && childrenOf(xml, 'scheme').length > 0,
  read({ xml, file }) {
    const [scheme] = childrenOf(xml, 'scheme') as [XmlElement];
    const type = (scheme.attributes.get('type') ?? '').toUpperCase();
    if (type !== 'DISCRETE' && type !== 'FREE')
      throw new UsageError(
        `${file}:${scheme.line}: a scheme of type ${printable(type, 40)} has no actions: DISCRETE and FREE are read`,
      );
    if ((childrenOf(xml, 'info')[0]?.attributes.get('ftype') ?? 'ASCII').toUpperCase() !== 'ASCII')
      throw new UsageError(`${file}: its lines are binary: save the annotation as ASCII in NOVA`);
    const names = new Map(
      childrenOf(scheme, 'item').map(({ attributes }) => [attributes.get('id') ?? '', attributes.get('name') ?? '']),
    );
    const lines = `${file}~`;
    const warnings: Warning[] = [];
    const instances = decodeAnnotations(lines)
      .text.split(/\r?\n/)
      .flatMap((line, i): Instance[] => {
        if (line.trim() === '') return [];
        const where = `${lines}:${i + 1}`;
        const fields = line.split(';');
        const [from = '', to = '', id = ''] = fields.map((field) => field.trim());
        if (fields.length < 3) throw new UsageError(`${where}: from;to;id;confidence expected`);
        // A discrete -1 marks what is not to be used.
        if (type === 'DISCRETE' && id === '-1') {
          warnings.push({ kind: 'lines of the garbage class', text: `${where}: left out: of class -1 (garbage)` });
          return [];
        }
        const label = labelText(type === 'FREE' ? id : (names.get(id) ?? ''));
        if (label === '') throw new UsageError(`${where}: the scheme has no class "${printable(id, 40)}"`);
        return [{ start: timeOf(from, where), end: timeOf(to, where), label }];
      });
    return { videos: [{ names: videoNames(file), where: `${file}:1`, orOnlyVideo: true, instances }], warnings };
  },
};

/** Of `session/ann.scheme.me.annotation`: ann.scheme.me, ann.scheme, ann, ann.video, session. */
function videoNames(file: string): string[] {
  const parts = lastPart(file)
    .replace(/\.annotation$/, '')
    .split('.');
  const beginnings = parts.map((_, i) => parts.slice(0, parts.length - i).join('.'));
  return [...beginnings, `${parts[0]!}.video`, path.basename(path.dirname(path.resolve(file)))];
}
