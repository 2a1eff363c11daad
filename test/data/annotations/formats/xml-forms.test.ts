import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { UsageError } from '../../../../src/system/errors.js';
import { temporaryFolder } from '../../../support/temporary.js';
import { told, writeFiles } from '../../../support/tool-files.js';

const folder = temporaryFolder();
const read = (name: string, content: string | Uint8Array) => told(writeFiles(folder, { [name]: content }));
const refused = (name: string, content: string | Uint8Array, message: RegExp) => {
  assert.throws(
    () => read(name, content),
    (error) => error instanceof UsageError && message.test(error.message.replace(`${folder}/`, '')),
  );
};

interface Parts {
  media?: string;
  slots?: (number | null)[];
  tiers?: string;
  units?: string;
}
const media = (url: string, more = 'MIME_TYPE="video/mp4"') => `<MEDIA_DESCRIPTOR MEDIA_URL="${url}" ${more}/>`;
const annotation = (from: number, to: number, text: string) =>
  `<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a" TIME_SLOT_REF1="t${from}" TIME_SLOT_REF2="t${to}">` +
  `<ANNOTATION_VALUE>${text}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>`;
const eaf = ({ media: head = media('file:///a.mp4'), slots = [1000, 2500], tiers, units = 'milliseconds' }: Parts) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="${units}">${head}</HEADER>` +
  `<TIME_ORDER>${slots.map((time, i) => `<TIME_SLOT TIME_SLOT_ID="t${i}"${time === null ? '' : ` TIME_VALUE="${time}"`}/>`).join('')}</TIME_ORDER>` +
  (tiers ?? `<TIER TIER_ID="T">${annotation(0, 1, 'run')}</TIER>`) +
  '</ANNOTATION_DOCUMENT>';

describe('ELAN', () => {
  it('empty tiers, a tier of references, entities, CDATA, a mark and CRLF', () => {
    const tiers =
      `<TIER TIER_ID="none"/><TIER TIER_ID="T">${annotation(0, 1, 'a &amp; b &#xe4;')}${annotation(0, 1, '<![CDATA[x < y]]>')}</TIER>` +
      `<TIER TIER_ID="sub" PARENT_REF="T"><ANNOTATION><REF_ANNOTATION ANNOTATION_REF="a"><ANNOTATION_VALUE>no</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>`;
    const { videos, kinds } = read('a.eaf', `\uFEFF${eaf({ tiers }).replaceAll('><', '>\r\n<')}`);
    assert.deepEqual(videos[0]!.instances, [
      ['a & b ä', 1, 2.5],
      ['x < y', 1, 2.5],
    ]);
    assert.deepEqual(kinds, []);
    const nothing = read('a.eaf', eaf({ tiers: '<TIER TIER_ID="T"/>' }));
    assert.deepEqual(nothing.videos[0]!.instances, []);
  });

  it('slots without a time lie evenly between their neighbours, which is said', () => {
    const tiers = `<TIER TIER_ID="T">${annotation(0, 1, 'x')}${annotation(1, 2, 'y')}${annotation(2, 3, 'z')}</TIER>`;
    const { videos, kinds } = read('a.eaf', eaf({ slots: [1000, null, null, 4000], tiers }));
    assert.deepEqual(videos[0]!.instances, [
      ['x', 1, 2],
      ['y', 2, 3],
      ['z', 3, 4],
    ]);
    assert.deepEqual(kinds, ['annotations that are not aligned']);
  });

  it('the video: the first of several, told by its type or its extension, with its origin; else the file’s name', () => {
    const idOf = (head: string) => read('own name.eaf', eaf({ media: head })).videos[0]!;
    assert.equal(
      idOf(media('file:///C:/x/s%C3%A4nger.wav', 'MIME_TYPE="audio/x-wav"') + media('file:///b%20c.MOV', '')).id,
      'b c',
    );
    assert.equal(idOf('').id, 'own name');
    const late = idOf(media('file:///a.mp4', 'MIME_TYPE="video/mp4" TIME_ORIGIN="500"'));
    assert.deepEqual(late.instances, [['run', 1.5, 3]]);
    const two = read('a.eaf', eaf({ media: media('file:///a.mp4') + media('file:///b.mp4') }));
    assert.equal(two.videos[0]!.id, 'a');
    assert.match(two.warnings[0]!, /taken as those of a\.mp4, not of b\.mp4/);
  });

  it('refused: other units, unknown slots, times that are none, annotations without any name', () => {
    refused('a.eaf', eaf({ units: 'PAL-frames' }), /^a\.eaf:2: TIME_UNITS are PAL-frames/);
    refused('a.eaf', eaf({ tiers: `<TIER TIER_ID="T">${annotation(0, 9, 'x')}</TIER>` }), /no time slot "t9"/);
    refused('a.eaf', eaf({}).replace('"1000"', '"1e3"'), /TIME_VALUE "1e3" must be whole milliseconds/);
    refused('a.eaf', eaf({}).replace('"1000"', '"-5"'), /TIME_VALUE "-5"/);
    refused('a.eaf', eaf({ tiers: `<TIER TIER_ID="">${annotation(0, 1, ' ')}</TIER>` }), /without a text in a tier/);
  });

  it('refused: what is no XML, or would have a parser do more than read', () => {
    refused('a.eaf', eaf({}).slice(0, -5), /^a\.eaf:2: not XML: /);
    const bomb = '<!DOCTYPE a [<!ENTITY x "xxxx"><!ENTITY y "&x;&x;">]>';
    refused('a.eaf', bomb + eaf({}).replace(/^.*\n/, ''), /document type/);
    refused('a.eaf', eaf({ tiers: '<TIER TIER_ID="&x;"/>' }), /not XML: undefined entity/i);
    refused('a.eaf', `${'<a>'.repeat(200)}${'</a>'.repeat(200)}`, /more than 100 deep/);
  });

  it('the encoding that it names', () => {
    const text = eaf({ tiers: `<TIER TIER_ID="T">${annotation(0, 1, 'Aufbäumen')}</TIER>` });
    const latin = Buffer.from(text.replace('UTF-8', 'ISO-8859-1'), 'latin1');
    assert.equal(read('a.eaf', latin).videos[0]!.instances[0]![0], 'Aufbäumen');
    assert.deepEqual(read('a.eaf', latin).kinds, []);
    const utf16 = Buffer.from(`\uFEFF${text.replace('UTF-8', 'UTF-16')}`, 'utf16le');
    assert.equal(read('a.eaf', utf16).videos[0]!.instances[0]![0], 'Aufbäumen');
    refused('a.eaf', Buffer.from(text, 'latin1'), /not in UTF-8, which its first line names/i);
  });
});

describe('NOVA', () => {
  const scheme = (type: string, info = 'ftype="ASCII"') =>
    `<annotation ssi-v="3"><info ${info} size="1"/><scheme name="s" type="${type}"><item name="run" id="0"/></scheme></annotation>`;
  const novaFiles = (name: string, xml: string, lines: string) => {
    writeFiles(folder, { [name]: xml, [`${name}~`]: lines });
    return path.join(folder, name);
  };

  it('discrete by numbers, free by names; named by either file', () => {
    const discrete = novaFiles('n/ann.s.annotation', scheme('DISCRETE'), '1.5;2.5;0;0.9\r\n\r\n3;4;-1;1\r\n');
    for (const file of [discrete, `${discrete}~`])
      assert.deepEqual(told(file).videos[0]!.instances, [['run', 1.5, 2.5]]);
    const free = novaFiles('n/free.s.annotation', scheme('FREE'), '1;2;hop and run;1\n');
    assert.deepEqual(told(free).videos[0]!.instances, [['hop and run', 1, 2]]);
  });

  it('its video: by the role, by the session’s folder, or the only one there is', () => {
    const file = novaFiles('session 7/ann.s.annotation', scheme('DISCRETE'), '1;2;0;1\n');
    const idWith = (...names: string[]) => {
      const videos = temporaryFolder();
      for (const name of names) writeFileSync(path.join(videos, name), '');
      const { videos: found, kinds } = told(file, { videos });
      return [found[0]!.id, ...kinds];
    };
    assert.deepEqual(idWith('ann.mp4', 'x.mp4'), ['ann']);
    assert.deepEqual(idWith('ann.video.mp4', 'x.mp4'), ['ann.video']);
    assert.deepEqual(idWith('session 7.avi', 'x.mp4'), ['session 7']);
    assert.deepEqual(idWith('x.mp4'), ['x', 'videos that are not named']);
    assert.deepEqual(idWith('x.mp4', 'y.mp4'), ['ann.s']);
  });

  it('refused: other schemes, binary lines, lines that lack something, no lines', () => {
    const of = (xml: string, lines: string) => () => told(novaFiles('r.annotation', xml, lines));
    assert.throws(of(scheme('CONTINUOUS'), ''), /a scheme of type CONTINUOUS/);
    assert.throws(of(scheme('DISCRETE', 'ftype="BINARY"'), ''), /its lines are binary/);
    assert.throws(of(scheme('DISCRETE'), '1;2\n'), /r\.annotation~:1: from;to;id;confidence expected/);
    assert.throws(of(scheme('DISCRETE'), '1;2;7;1\n'), /has no class "7"/);
    mkdirSync(path.join(folder, 'alone'), { recursive: true });
    refused('alone/x.annotation', scheme('DISCRETE'), /not readable/);
  });
});
