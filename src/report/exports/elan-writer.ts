import path from 'node:path';
import {
  inLanes,
  labelsOfVideos,
  lineLabel,
  milliseconds,
  type Exported,
  type ExportedVideo,
} from './exported-video.js';

const mimeTypes: Readonly<Record<string, string>> = {
  '.mov': 'video/quicktime',
  '.avi': 'video/x-msvideo',
  '.mkv': 'video/x-matroska',
  '.webm': 'video/webm',
  '.mpg': 'video/mpeg',
  '.mpeg': 'video/mpeg',
};

/**
 * ELAN's `.eaf` of one video: a tier for each class, and where actions of one class overlap, further tiers for them,
 * since annotations of a tier must not.
 */
export function elanDocument(video: ExportedVideo): Exported {
  const slots: number[] = [];
  const slot = (time: number) => `ts${slots.push(time)}`;
  let annotations = 0;
  const names = new Set<string>();
  const tiers = labelsOfVideos([video]).flatMap((label) => {
    const lanes = inLanes(video.actions.filter((action) => lineLabel(action.label) === label));
    return lanes.map((lane, number) => {
      const body = lane.map((action) => {
        const [start, end] = milliseconds(action).map(slot) as [string, string];
        return (
          `    <ANNOTATION>\n      <ALIGNABLE_ANNOTATION ANNOTATION_ID="a${++annotations}" ` +
          `TIME_SLOT_REF1="${start}" TIME_SLOT_REF2="${end}">\n` +
          `        <ANNOTATION_VALUE>${escaped(label)}</ANNOTATION_VALUE>\n` +
          '      </ALIGNABLE_ANNOTATION>\n    </ANNOTATION>\n'
        );
      });
      const name = freeName(number === 0 ? label : `${label} (${number + 1})`, names);
      return `  <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="${escaped(name)}">\n${body.join('')}  </TIER>\n`;
    });
  });
  const url = `file://${encodedPath(path.resolve(video.file))}`;
  const type = mimeTypes[path.extname(video.file).toLowerCase()] ?? 'video/mp4';
  const times = slots.map((time, i) => `    <TIME_SLOT TIME_SLOT_ID="ts${i + 1}" TIME_VALUE="${time}"/>\n`);
  const content =
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<ANNOTATION_DOCUMENT AUTHOR="" DATE="2000-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' +
    'xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">\n' +
    '  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">\n' +
    `    <MEDIA_DESCRIPTOR MEDIA_URL="${escaped(url)}" MIME_TYPE="${type}" ` +
    `RELATIVE_MEDIA_URL="./${escaped(encodedPath(path.basename(video.file)))}"/>\n` +
    `    <PROPERTY NAME="lastUsedAnnotationId">${annotations}</PROPERTY>\n  </HEADER>\n` +
    `  <TIME_ORDER>\n${times.join('')}  </TIME_ORDER>\n${tiers.join('')}` +
    '  <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>\n' +
    '</ANNOTATION_DOCUMENT>\n';
  return { content, notes: [] };
}

/** A name that no tier has yet. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name} [${number}]`;
  taken.add(free);
  return free;
}

/** Text within an element or an attribute. Characters that XML does not have are left out. */
function escaped(text: string): string {
  return text
    .replace(/[\p{Cs}\uFFFE\uFFFF]/gu, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

function encodedPath(file: string): string {
  const local = file.split(path.sep).join('/');
  const parts = local.split('/').map((part) => encodeURIComponent(part.replace(/\p{Cs}/gu, '_')));
  return local.startsWith('/') || !path.isAbsolute(file) ? parts.join('/') : `/${parts.join('/')}`;
}
