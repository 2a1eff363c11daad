import { z } from 'zod';
import { readActivityNet } from '../activitynet.js';
import type { ToolFormat } from '../tools/tool-format.js';
import { lastPart } from '../tools/video-names-of.js';

const ofVideo = z.object({
  path: z.string().nullish(),
  unlabelled: z.array(z.tuple([z.number(), z.number()])).nullish(),
});

/** A dataset file of ours, or ActivityNet's annotations, which have the same form. */
export const datasetFileFormat: ToolFormat = {
  name: "dataset file, or ActivityNet's annotations",
  toldBy: 'JSON with database: annotations by video',
  fits: ({ json }) =>
    typeof json?.content === 'object' &&
    json.content !== null &&
    'database' in json.content &&
    typeof json.content.database === 'object',
  read({ json, file }) {
    const database = json!.entries(json!.entries().get('database'), ['database']);
    const videos = readActivityNet(file).map(({ id, subset, duration, instances, warnings }) => {
      const { path, unlabelled } = json!.parse(ofVideo, database.get(id), ['database', id]);
      const given = typeof path === 'string' && path !== '' ? [path] : [];
      // ActivityNet's ids lack the `v_` with which downloaded files begin.
      const names = given.length > 0 ? given : [id, `v_${lastPart(id)}`];
      return {
        names,
        where: `${file}:1`,
        subset,
        ...(duration !== undefined && { duration }),
        instances,
        ...(unlabelled && { unlabelled }),
        warnings,
      };
    });
    return { videos, warnings: [] };
  },
};
