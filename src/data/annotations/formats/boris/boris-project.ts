import { z } from 'zod';
import type { Warning } from '../../annotations.js';
import type { JsonFile } from '../../json-file.js';
import { labelText } from '../../tools/label-text.js';
import type { LabelledVideo, ToolFormat } from '../../tools/tool-format.js';
import { pairEvents, type BorisEvent } from './boris-events.js';
import { onMedia } from './boris-media.js';

const seconds = z.preprocess(
  (value) => (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value),
  z.number().nonnegative(),
);
const behaviours = z.record(z.string(), z.object({ code: z.string(), type: z.string() }));
const observationSchema = z.object({
  type: z.string(),
  file: z.union([z.record(z.string(), z.array(z.string())), z.array(z.unknown())]).nullish(),
  'time offset': seconds.nullish(),
  'observation time interval': z.tuple([seconds, seconds]).nullish(),
  events: z.array(z.array(z.unknown()).min(3)),
  media_info: z.object({ length: z.record(z.string(), seconds).nullish() }).nullish(),
});
const eventSchema = z.tuple([seconds, z.string(), z.string()]);

/**
 * A BORIS project, `.boris`, also gzipped: all observations with their events. The type of a behaviour stands in the
 * ethogram; of a state, starts and stops take turns.
 */
export const borisProject: ToolFormat = {
  name: 'BORIS project',
  toldBy: 'JSON with project_format_version, behaviors_conf and observations',
  fits: ({ json }) => isObject(json?.content) && 'behaviors_conf' in json.content && 'observations' in json.content,
  read: ({ json }) => readProject(json!),
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readProject(json: JsonFile) {
  const content = json.entries();
  const conf = json.parse(behaviours, content.get('behaviors_conf'), ['behaviors_conf']);
  const states = new Map(Object.values(conf).map(({ code, type }) => [code, /^state/i.test(type)]));
  const warnings: Warning[] = [];
  const videos: LabelledVideo[] = [];
  const lines = json.linesIn(['observations']);
  for (const [id, value] of json.entries(content.get('observations'), ['observations'])) {
    const path = ['observations', id];
    const observation = json.parse(observationSchema, value, path);
    const where = `${json.file}:${lines.get(id) ?? 1}`;
    const players = Array.isArray(observation.file) ? {} : (observation.file ?? {});
    const files = players['1'] ?? [];
    const skip = (why: string) => {
      warnings.push({ kind: 'observations without a video', text: `${where}: ${JSON.stringify(id)} ${why}` });
    };
    if (observation.type !== 'MEDIA') {
      skip(`is left out: it is of type ${observation.type}, without a video`);
      continue;
    }
    if (files.length === 0) {
      skip('is left out: it has no media file');
      continue;
    }
    if (Object.entries(players).some(([player, list]) => player !== '1' && list.length > 0))
      skip('shows several videos at once: its events are taken as those of the first player');
    const lengths = new Map(Object.entries(observation.media_info?.length ?? {}));
    const offset = observation['time offset'] ?? 0;
    const media = { files: files.map((file) => ({ path: file, seconds: lengths.get(file) })), offset };
    const events = observation.events.map((event, i): BorisEvent => {
      const at = [...path, 'events', i];
      const [time, subject, code] = json.parse(eventSchema, event.slice(0, 3), at);
      const isState = states.get(code);
      if (isState === undefined) throw json.error(at, `the behaviour ${JSON.stringify(code)} is not in the ethogram`);
      return {
        time,
        subject,
        behaviour: labelText(code),
        modifiers: typeof event[3] === 'string' ? event[3] : '',
        type: isState ? 'STATE' : 'POINT',
        where: () => `${json.file}:${json.lineOf(at)}`,
      };
    });
    const [from, to] = observation['observation time interval'] ?? [0, 0];
    // An interval of 0 to 0 means the whole video.
    const unwatched: [number, number][] =
      to > from
        ? [
            [offset, from],
            [to, 1e6],
          ]
        : [];
    videos.push(
      ...onMedia(
        media,
        pairEvents(events),
        where,
        unwatched.filter(([start, end]) => end > start),
      ),
    );
  }
  return { videos, warnings };
}
