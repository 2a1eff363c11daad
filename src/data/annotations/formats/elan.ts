import { UsageError } from '../../../system/errors.js';
import { printable } from '../../../system/printable.js';
import type { Instance } from '../../dataset.js';
import { hasVideoExtension } from '../../video-extensions.js';
import type { Warning } from '../annotations.js';
import { labelText } from '../tools/label-text.js';
import type { LabelledFile, ToolFormat } from '../tools/tool-format.js';
import { lastPart, namesByFile, plainPath } from '../tools/video-names-of.js';
import { childrenOf, type XmlElement } from '../tools/xml-tree.js';

/** Slots of time in milliseconds by their ids. */
type Slots = ReadonlyMap<string, { time: number; known: boolean }>;

/**
 * ELAN's `.eaf`. Tiers that hang on another one are about other things than the actions themselves, and are not read.
 * An annotation without a text is called as its tier.
 */
export const elan: ToolFormat = {
  name: 'ELAN',
  toldBy: 'XML with the root ANNOTATION_DOCUMENT',
  fits: ({ xml }) => xml?.name === 'ANNOTATION_DOCUMENT',
  read: ({ xml, file }) => readDocument(xml!, file),
};

function readDocument(root: XmlElement, file: string): LabelledFile {
  const [header] = childrenOf(root, 'HEADER');
  const units = header?.attributes.get('TIME_UNITS') ?? 'milliseconds';
  if (units !== 'milliseconds')
    throw new UsageError(`${file}:${header!.line}: TIME_UNITS are ${printable(units, 40)}: only milliseconds are read`);
  const { names, origin, warnings } = videoOf(header, file);
  const slots = slotsOf(root, file);
  const instances: Instance[] = [];
  for (const tier of childrenOf(root, 'TIER')) {
    if (tier.attributes.has('PARENT_REF')) continue;
    const tierName = labelText(tier.attributes.get('TIER_ID') ?? '');
    for (const annotation of childrenOf(tier, 'ANNOTATION').flatMap(({ children }) => children)) {
      if (annotation.name !== 'ALIGNABLE_ANNOTATION') continue;
      const [start, end] = ['TIME_SLOT_REF1', 'TIME_SLOT_REF2'].map((which) => {
        const id = annotation.attributes.get(which) ?? '';
        const slot = slots.get(id);
        if (!slot) throw new UsageError(`${file}:${annotation.line}: no time slot "${printable(id, 40)}"`);
        return slot;
      }) as [{ time: number; known: boolean }, { time: number; known: boolean }];
      const label = labelText(childrenOf(annotation, 'ANNOTATION_VALUE')[0]?.text ?? '') || tierName;
      if (label === '')
        throw new UsageError(`${file}:${annotation.line}: an annotation without a text in a tier without a name`);
      if (!start.known || !end.known) {
        const text = `${file}:${annotation.line}: ${JSON.stringify(label)} is not aligned: its times are spread evenly, as ELAN shows them`;
        warnings.push({ kind: 'annotations that are not aligned', text });
      }
      instances.push({ start: (start.time + origin) / 1000, end: (end.time + origin) / 1000, label });
    }
  }
  return { videos: [{ names, where: `${file}:1`, instances }], warnings };
}

/** The video of a document: the first that is described as one. `origin`: its millisecond at ELAN's time 0. */
function videoOf(header: XmlElement | undefined, file: string) {
  const warnings: Warning[] = [];
  const media = childrenOf(header, 'MEDIA_DESCRIPTOR').map(({ attributes }) => ({
    path: plainPath(attributes.get('MEDIA_URL') || attributes.get('RELATIVE_MEDIA_URL') || ''),
    isVideo: attributes.get('MIME_TYPE')?.startsWith('video/') ?? false,
    origin: Number(attributes.get('TIME_ORIGIN') ?? '0'),
  }));
  const videos = media.filter(({ path, isVideo }) => isVideo || hasVideoExtension(path));
  const [video] = videos;
  if (!video || video.path === '') return { names: namesByFile(file), origin: 0, warnings };
  if (!Number.isFinite(video.origin)) throw new UsageError(`${file}:${header!.line}: TIME_ORIGIN must be a number`);
  if (videos.length > 1) {
    const others = videos.slice(1).map(({ path }) => printable(lastPart(path), 60));
    const text = `${file}: shows several videos: the annotations are taken as those of ${printable(lastPart(video.path), 60)}, not of ${others.join(', ')}`;
    warnings.push({ kind: 'files with several videos', text });
  }
  return { names: [video.path], origin: video.origin, warnings };
}

/** The slots of time. One without a value lies evenly between its neighbours that have one. */
function slotsOf(root: XmlElement, file: string): Slots {
  const list = childrenOf(childrenOf(root, 'TIME_ORDER')[0], 'TIME_SLOT').map(({ attributes, line }) => {
    const text = attributes.get('TIME_VALUE');
    if (text !== undefined && !/^\d{1,12}$/.test(text))
      throw new UsageError(`${file}:${line}: TIME_VALUE "${printable(text, 40)}" must be whole milliseconds`);
    return { id: attributes.get('TIME_SLOT_ID') ?? '', time: text === undefined ? undefined : Number(text) };
  });
  const slots = new Map<string, { time: number; known: boolean }>();
  let before: { at: number; time: number } = { at: -1, time: 0 };
  let next = -1;
  list.forEach(({ id, time }, at) => {
    if (time !== undefined) {
      before = { at, time };
      slots.set(id, { time, known: true });
      return;
    }
    if (next < at) for (next = at; next < list.length && list[next]!.time === undefined;) next++;
    const after = list[next]?.time ?? before.time;
    const share = (at - before.at) / (next - before.at);
    slots.set(id, { time: before.time + share * (after - before.time), known: false });
  });
  return slots;
}
