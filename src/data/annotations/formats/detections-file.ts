import { z } from 'zod';
import type { Warning } from '../annotations.js';
import { labelText } from '../tools/label-text.js';
import type { ToolFormat } from '../tools/tool-format.js';

const detections = z.array(
  z.object({
    segment: z.tuple([z.number(), z.number()]),
    label: z.string(),
    chosen: z.boolean().nullish(),
  }),
);

/**
 * Our own `detections.json`, in ActivityNet's form of results, as labels: those that are `chosen`, or all of a file in
 * which none is.
 */
export const detectionsFile: ToolFormat = {
  name: 'detections',
  toldBy: 'JSON with results: detections by video',
  fits: ({ json }) =>
    typeof json?.content === 'object' &&
    json.content !== null &&
    'results' in json.content &&
    !Array.isArray(json.content) &&
    typeof json.content.results === 'object' &&
    !('database' in json.content),
  read({ json, file }) {
    const results = [...json!.entries(json!.entries().get('results'), ['results'])].map(([id, value]) => ({
      id,
      list: json!.parse(detections, value, ['results', id]),
    }));
    const areChosen = results.some(({ list }) => list.some(({ chosen }) => chosen === true));
    const warnings: Warning[] = [];
    const all = results.reduce((sum, { list }) => sum + list.length, 0);
    if (!areChosen && all > 0) {
      const text = `${file}: no detection is marked as chosen: all ${all} are taken as labels`;
      warnings.push({ kind: 'detections that were not chosen', text });
    }
    const videos = results.map(({ id, list }) => ({
      names: [id],
      where: `${file}:1`,
      instances: list
        .filter(({ chosen }) => !areChosen || chosen === true)
        .map(({ segment: [start, end], label }) => ({ start, end, label: labelText(label) }))
        .filter(({ label }) => label !== ''),
    }));
    return { videos, warnings };
  },
};
