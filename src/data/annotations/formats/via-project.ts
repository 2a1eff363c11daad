import { z } from 'zod';
import type { Instance } from '../../dataset.js';
import type { Warning } from '../annotations.js';
import type { JsonFile } from '../json-file.js';
import { labelText } from '../tools/label-text.js';
import type { LabelledFile, LabelledVideo, ToolFormat } from '../tools/tool-format.js';

const attributeSchema = z.object({
  aname: z.string(),
  anchor_id: z.string(),
  type: z.union([z.number(), z.string()]).nullish(),
  options: z.record(z.string(), z.string()).nullish(),
});
const fileSchema = z.object({ fname: z.string().nullish(), src: z.string().nullish(), type: z.number().nullish() });
const viewSchema = z.object({ fid_list: z.array(z.union([z.string(), z.number()])).min(1) });
const metadataSchema = z.object({
  vid: z.union([z.string(), z.number()]),
  z: z.array(z.number()),
  xy: z.array(z.unknown()).nullish(),
  av: z.record(z.string(), z.union([z.string(), z.number()])).nullish(),
});

type Attribute = z.infer<typeof attributeSchema> & { id: string };

/** VIA's number of the type of files that are videos. */
const videoType = 4;

/**
 * A project of the VGG Image Annotator 3. Segments belong to views, and a view shows a file. The label of a segment is
 * the value of one attribute of segments: the first whose values are chosen from a list, else the first.
 */
export const viaProject: ToolFormat = {
  name: 'VIA project',
  toldBy: 'JSON with project, attribute, file, view and metadata',
  fits: ({ json }) => {
    const content = json?.content;
    return (
      typeof content === 'object' &&
      content !== null &&
      ['project', 'attribute', 'file', 'view', 'metadata'].every((key) => Object.hasOwn(content, key))
    );
  },
  read: ({ json }) => readProject(json!),
};

function readProject(json: JsonFile): LabelledFile {
  const content = json.entries();
  const section = (key: string) => [...json.entries(content.get(key), [key])];
  const parsed = <T>(key: string, schema: z.ZodType<T>) =>
    new Map(section(key).map(([id, value]) => [id, json.parse(schema, value, [key, id])]));
  const attributes = [...parsed('attribute', attributeSchema)].map(([id, attribute]) => ({ id, ...attribute }));
  const files = parsed('file', fileSchema);
  const warnings: Warning[] = [];
  const segment = chosenAttribute(attributes, 'Z2', json.file, warnings);
  const moment = chosenAttribute(attributes, 'Z1', json.file, warnings);
  const videos = new Map<string, LabelledVideo>();
  const lines = json.linesIn(['view']);
  for (const [id, { fid_list: list }] of parsed('view', viewSchema)) {
    const path = ['view', id];
    const where = `${json.file}:${lines.get(id) ?? 1}`;
    const file = files.get(String(list[0]));
    if (!file) throw json.error(path, `there is no file ${String(list[0])}`);
    const name = file.src || file.fname || '';
    if (typeof file.type === 'number' && file.type !== videoType) {
      warnings.push({ kind: 'files that are no videos', text: `${json.file}: ${JSON.stringify(name)} is left out` });
      continue;
    }
    if (list.length > 1)
      warnings.push({
        kind: 'files with several videos',
        text: `${where}: a view of ${list.length} files: its segments are taken as those of the first`,
      });
    videos.set(id, { names: named(file), where, instances: [] });
  }
  for (const [id, value] of section('metadata')) {
    const path = ['metadata', id];
    const { vid, z: times, xy, av } = json.parse(metadataSchema, value, path);
    const video = videos.get(String(vid));
    const isRegion = (xy?.length ?? 0) > 0;
    if (!video || isRegion || times.length === 0 || times.length > 2) continue;
    const attribute = times.length === 2 ? segment : moment;
    const labels = attribute ? labelsOf(attribute, av?.[attribute.id]) : [];
    if (labels.length === 0)
      warnings.push({
        kind: 'segments without a label',
        text: `${json.file}: ${id} [${times.join(', ')}] is left out: it has no value of the attribute of segments`,
      });
    const [start, end = start] = times as [number, number?];
    video.instances.push(...labels.map((label): Instance => ({ start, end, label })));
  }
  return { videos: [...videos.values()], warnings };
}

/** The names of a file: its source, which may be an address, or else what it is called. */
function named({ fname, src }: z.infer<typeof fileSchema>): string[] {
  return [src, fname].filter((name): name is string => typeof name === 'string' && name !== '');
}

/** The attribute that names what happens: of those that belong to segments of time (`Z2`), or to moments (`Z1`). */
function chosenAttribute(
  attributes: readonly Attribute[],
  anchor: 'Z1' | 'Z2',
  file: string,
  warnings: Warning[],
): Attribute | undefined {
  const ofTime = attributes.filter((attribute) => attribute.anchor_id.endsWith(`_${anchor}_XY0`));
  const listed = ofTime.filter(({ options }) => Object.keys(options ?? {}).length > 0);
  const candidates = listed.length > 0 ? listed : ofTime;
  if (candidates.length > 1)
    warnings.push({
      kind: 'files with several attributes',
      text:
        `${file}: labels are the values of ${JSON.stringify(candidates[0]!.aname)}, ` +
        `not of ${candidates
          .slice(1)
          .map(({ aname }) => JSON.stringify(aname))
          .join(', ')}`,
    });
  return candidates[0];
}

/** What a value of an attribute means: the names of the options whose keys it has, or the text itself. */
function labelsOf({ options }: Attribute, value: string | number | undefined): string[] {
  const text = String(value ?? '');
  const names = Object.keys(options ?? {}).length > 0 ? new Map(Object.entries(options!)) : undefined;
  const values = names ? text.split(',').map((key) => names.get(key.trim()) ?? '') : [text];
  return values.map(labelText).filter((label) => label !== '');
}
