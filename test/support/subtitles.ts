import assert from 'node:assert/strict';

export interface ReadCue {
  start: number;
  end: number;
  text: string;
}

/** Reads SubRip strictly: numbers from 1 on, times, at least one line of text, and an empty line between two cues. */
export function parseSrt(file: string): ReadCue[] {
  if (file === '') return [];
  assert.ok(file.endsWith('\n'));
  return file
    .slice(0, -1)
    .split('\n\n')
    .map((block, i) => {
      const [number, times, ...lines] = block.replace(/\n$/, '').split('\n');
      assert.equal(number, String(i + 1));
      return { ...readTimes(times, ','), text: readText(lines) };
    });
}

/** Reads WebVTT without settings, notes and styles strictly. */
export function parseVtt(file: string): ReadCue[] {
  const [header, ...blocks] = file.replace(/\n$/, '').split('\n\n');
  assert.equal(header, 'WEBVTT');
  return blocks.map((block) => {
    const [times, ...lines] = block.split('\n');
    const text = readText(lines);
    assert.doesNotMatch(text, /<|&(?!amp;|lt;|gt;)|-->/);
    return {
      ...readTimes(times, '.'),
      text: text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&'),
    };
  });
}

function readTimes(line: string | undefined, point: string): { start: number; end: number } {
  const [start, end] = (line ?? '').split(' --> ').map((time) => {
    const found = /^(\d{2,}):([0-5]\d):([0-5]\d)([,.])(\d{3})$/.exec(time);
    assert.ok(found && found[4] === point, `no time: ${time}`);
    const [hours, minutes, seconds, milliseconds] = [found[1], found[2], found[3], found[5]].map(Number);
    return (3_600_000 * hours! + 60_000 * minutes! + 1000 * seconds! + milliseconds!) / 1000;
  });
  assert.ok(start !== undefined && end !== undefined && start < end, `no times: ${line}`);
  return { start, end };
}

function readText(lines: string[]): string {
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /\S/);
  return lines[0]!;
}
