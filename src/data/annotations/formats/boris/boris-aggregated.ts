import type { Instance } from '../../../dataset.js';
import type { Warning } from '../../annotations.js';
import { timeOf } from '../../csv-annotations.js';
import { labelText } from '../../tools/label-text.js';
import type { ToolFormat } from '../../tools/tool-format.js';
import { borisRows, checkMedia, mediaOf, type BorisRow } from './boris-columns.js';
import { onMedia, type BorisMedia } from './boris-media.js';

/** BORIS' aggregated events: a row a bout, with its start and its stop. */
export const borisAggregated: ToolFormat = {
  name: 'BORIS aggregated events',
  toldBy: 'columns Observation id, Behavior, Behavior type, Start (s), Stop (s)',
  fits: ({ table }) =>
    table !== undefined &&
    [['observation id'], ['behavior', 'behaviour'], ['behavior type', 'behaviour type'], ['start'], ['stop']].every(
      (names) => table.column(...names) >= 0,
    ),
  read({ table }) {
    const observations = new Map<string, { first: BorisRow; media: BorisMedia; instances: Instance[] }>();
    const warnings: Warning[] = [];
    for (const row of borisRows(table!)) {
      const { cell, where, behaviour, type } = row;
      const media = cell('media file name', 'media file path', 'media file');
      if (media === '' || media === 'NA') {
        const text = `${where}: left out: a bout without a media file (of a live observation or of images)`;
        warnings.push({ kind: 'events without a video', text });
        continue;
      }
      const start = timeOf(cell('start'), where);
      const stop = cell('stop');
      const end = type === 'POINT' ? start : timeOf(stop, where);
      const known = observations.get(row.observation) ?? { first: row, media: mediaOf(row), instances: [] };
      observations.set(row.observation, known);
      checkMedia(row, start, known.media);
      known.instances.push({ start, end, label: labelText(behaviour) });
    }
    const videos = [...observations.values()].flatMap(({ first, media, instances }) =>
      onMedia(media, instances, first.where),
    );
    return { videos, warnings };
  },
};
