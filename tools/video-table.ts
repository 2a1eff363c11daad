/**
 * Finds out how each kind of video is read, and writes the table of docs/videos.md: container × codec × oddity.
 * It makes every combination that the ffmpeg at hand can write, and compares frames and times with a reading of its own
 * (`-vf showinfo`).
 *
 *   npx tsx tools/video-table.ts [--only mp4,mkv]     prints what is wrong; without --only it writes the table
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inParallel } from '../src/system/parallel.js';
import { withProgress } from '../src/system/progress.js';
import { findFfmpeg } from '../src/video/ffmpeg.js';
import { allCombinations, oddities, type Combination } from './videos/combinations.js';
import { judge, type Verdict } from './videos/judge.js';
import { makeVideo } from './videos/make.js';

const page = path.resolve(import.meta.dirname, '..', 'docs', 'videos.md');
const [opening, closing] = ['<!-- table: tools/video-table.ts -->\n', '<!-- end of table -->'];

const { only } = parseArgs({ options: { only: { type: 'string' } } }).values;
const chosen = allCombinations().filter(
  ({ container }) => only === undefined || only.split(',').includes(container.name),
);
const folder = mkdtempSync(path.join(tmpdir(), 'lofi-videos-'));
try {
  const found = await withProgress('kinds of video', (onProgress) => inParallel(chosen, tryOne, onProgress));
  // A part of a file that nobody can read whole is no cut file.
  const verdicts = found.map((verdict, i) =>
    found[i - oddities.indexOf(chosen[i]!.oddity)] === 'absent' ? 'absent' : verdict,
  );
  chosen.forEach((one, i) => {
    if (verdicts[i]!.startsWith('wrong')) process.stdout.write(`${nameOf(one)}: ${verdicts[i]!}\n`);
  });
  const count = (verdict: string) => verdicts.filter((one) => one.startsWith(verdict)).length;
  process.stdout.write(
    `${count('right') + count('refused')} right, ${count('unnoticed')} cut without a word, ` +
      `${count('wrong')} wrong, ${count('absent')} not to be made\n`,
  );
  if (only === undefined) writeTable(verdicts);
  if (count('wrong') > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

async function tryOne(combination: Combination, i: number): Promise<Verdict> {
  const own = mkdtempSync(path.join(folder, `${i}-`));
  const file = makeVideo(own, combination);
  const verdict = file === null ? 'absent' : await judge(file, combination);
  rmSync(own, { recursive: true });
  return verdict;
}

function nameOf({ container, codec, oddity }: Combination): string {
  return `${container.name}, ${codec.name}, ${oddity}`;
}

function writeTable(verdicts: readonly Verdict[]): void {
  const signs: Record<string, string> = { right: '✓', refused: 'refused', unnoticed: 'unnoticed', absent: '–' };
  const rows = new Map<string, string[]>();
  chosen.forEach(({ container, codec }, i) => {
    const row = rows.get(`${container.name} | ${codec.name}`) ?? [];
    rows.set(`${container.name} | ${codec.name}`, [...row, signs[verdicts[i]!] ?? '✗']);
  });
  const lines = [
    `Made by \`npx tsx tools/video-table.ts\` with ffmpeg ${findFfmpeg().version}.`,
    '',
    `| container | codec | ${oddities.join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(oddities.length)}`,
    ...[...rows].flatMap(([name, cells]) =>
      cells.every((cell) => cell === '–') ? [] : [`| ${name} | ${cells.join(' | ')} |`],
    ),
  ];
  const text = readFileSync(page, 'utf8');
  const [begin, end] = [text.indexOf(opening) + opening.length, text.indexOf(closing)];
  if (begin < opening.length || end < begin) throw new Error(`${page} has no place for the table`);
  writeFileSync(page, `${text.slice(0, begin)}\n${lines.join('\n')}\n\n${text.slice(end)}`);
}
