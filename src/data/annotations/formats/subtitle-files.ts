import { UsageError } from '../../../system/errors.js';
import type { Instance } from '../../dataset.js';
import type { Warning } from '../annotations.js';
import { labelText } from '../tools/label-text.js';
import type { LabelledFile, ToolFormat } from '../tools/tool-format.js';
import { namesByFile } from '../tools/video-names-of.js';

const time = String.raw`(?:(\d{1,4}):)?([0-5]?\d):([0-5]\d)[.,](\d{1,3})`;
const timing = new RegExp(String.raw`^\s*${time}\s*-->\s*${time}(?:\s.*)?$`);

/** SubRip: numbered cues, times with a comma. A cue is an action, its text the label. */
export const srtFile: ToolFormat = {
  name: 'SubRip subtitles (SRT)',
  toldBy: 'a first cue: a number, then 00:00:00,000 --> 00:00:00,000',
  fits: ({ beginning }) => {
    const [first = '', second = ''] = beginning.split(/\r\n|\n|\r/).filter((line) => line.trim() !== '');
    return timing.test(first) || (/^\s*\d+\s*$/.test(first) && timing.test(second));
  },
  read: ({ text, file }) => readCues(text, file, srtText),
};

/** WebVTT. Notes, styles, regions and the names of cues are passed over. */
export const vttFile: ToolFormat = {
  name: 'WebVTT subtitles',
  toldBy: 'a first line WEBVTT',
  fits: ({ beginning }) => /^\s*WEBVTT(?:[ \t].*)?(?:\r|\n|$)/.test(beginning),
  read: ({ text, file }) => readCues(text, file, vttText),
};

/** The cues of either form: a block of lines, of which one has times; the lines below it are the text. */
function readCues(text: string, file: string, plainText: (cue: string) => string): LabelledFile {
  const warnings: Warning[] = [];
  const instances: Instance[] = [];
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    if (/^(NOTE|STYLE|REGION)(\s|$)/.test(lines[i]!)) {
      while (i + 1 < lines.length && lines[i]!.trim() !== '') i++;
      continue;
    }
    if (!lines[i]!.includes('-->')) continue;
    const where = `${file}:${i + 1}`;
    const match = timing.exec(lines[i]!);
    if (!match) throw new UsageError(`${where}: times as 00:00:01,000 --> 00:00:02,000 expected`);
    const said: string[] = [];
    while (i + 1 < lines.length && lines[i + 1]!.trim() !== '' && !lines[i + 1]!.includes('-->'))
      said.push(lines[++i]!);
    // A cue without text may be followed by the number of the next one.
    const label = labelOf(plainText(said.join(' ')));
    if (label === '') {
      warnings.push({ kind: 'cues without a text', text: `${where}: left out: a cue without a text` });
      continue;
    }
    instances.push({ start: secondsOf(match.slice(1, 5)), end: secondsOf(match.slice(5, 9)), label });
  }
  return { videos: [{ names: namesByFile(file), where: `${file}:1`, instances }], warnings };
}

function secondsOf([hours = '0', minutes = '0', seconds = '0', fraction = '0']: readonly (string | undefined)[]) {
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(`${seconds}.${fraction.padEnd(3, '0')}`);
}

/** The text of a WebVTT cue without its marks: `<i>`, `<c.red>`, `<v Ann>`, `<00:01.000>`. */
function vttText(cue: string): string {
  return cue.replace(/<\/?(?:b|i|u|c|v|lang|ruby|rt)(?:[.\s][^<>]*)?>|<\d[\d:.]*>/gi, '');
}

/**
 * The text of a SubRip cue without its marks, `<i>…</i>` and SubStation's `{\an8}`. The form has no escapes: a mark
 * that is not closed is text.
 */
function srtText(cue: string): string {
  let text = cue.replace(/\{\\[^{}]*\}/g, '');
  for (const mark of ['b', 'i', 'u', 's', 'font']) {
    const [open, close] = [new RegExp(`<${mark}(?:\\s[^<>]*)?>`, 'gi'), new RegExp(`</${mark}>`, 'gi')];
    if (text.match(open)?.length === text.match(close)?.length) text = text.replace(open, '').replace(close, '');
  }
  return text;
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  lrm: '',
  rlm: '',
};

/** The label in a cue's text: entities resolved, and without a score in brackets at its end. */
function labelOf(text: string): string {
  const plain = text.replace(/&(\w+|#\d{1,7});/g, (whole, name: string) => {
    if (!name.startsWith('#')) return Object.hasOwn(entities, name) ? entities[name]! : whole;
    const code = Number(name.slice(1));
    return code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : whole;
  });
  return labelText(labelText(plain).replace(/\s*\((?:0\.\d+|1\.0+)\)$/, ''));
}
