import { UsageError } from '../../../system/errors.js';
import { printable } from '../../../system/printable.js';
import type { Instance } from '../../dataset.js';
import { joinedStretches, wholeInstances, type UnlabelledStretch } from '../../unlabelled-stretches.js';
import type { Warning } from '../annotations.js';
import { labelText, withoutApostrophe } from '../tools/label-text.js';
import type { ToolFormat } from '../tools/tool-format.js';
import { lastPart } from '../tools/video-names-of.js';

/**
 * DeepEthogram's labels: a row a frame, a column a class, 1 or 0, or -1 where the frame is not labelled yet. The column
 * `background` is no class.
 */
export const deepethogram: ToolFormat = {
  name: 'DeepEthogram labels',
  toldBy: 'a first column without a name that counts frames from 0, and columns of 0, 1 and -1',
  fits: ({ table, beginning }) => {
    if (!table || !/^(|unnamed: 0)$/i.test(table.header[0] ?? 'none') || table.header.length < 2) return false;
    const [first] = beginning.trimStart().split(/\r?\n/).slice(1);
    return /^0(?:[,;\t]-?[01](?:\.0+)?)+\s*$/.test(first ?? '');
  },
  read({ table, file }) {
    const rows = table!.rows();
    const classes = table!.header
      .map((name, column) => ({ label: labelText(withoutApostrophe(name)), column }))
      .slice(1);
    const unnamed = classes.find(({ label }) => label === '');
    if (unnamed) throw new UsageError(`${file}:1: column ${unnamed.column + 1} has no name`);
    const behaviours = classes.filter(({ label }) => label !== 'background');
    const values = rows.map(({ line, cells }, frame) => {
      if (Number(cells[0]) !== frame)
        throw new UsageError(`${file}:${line}: frame ${frame} expected, not "${printable(cells[0]!, 40)}"`);
      return cells.map((cell, column) => {
        const value = Number(cell);
        if (column > 0 && (cell === '' || ![0, 1, -1].includes(value)))
          throw new UsageError(`${file}:${line}: "${printable(cell, 40)}" must be 0, 1, or -1 (not labelled)`);
        return value;
      });
    });
    const isUnlabelled = values.map((row) => row.some((value, column) => column > 0 && value === -1));
    const unlabelled = runs(isUnlabelled);
    const all = behaviours.flatMap(({ label, column }) =>
      runs(values.map((row) => row[column] === 1)).map(([start, end]): Instance => ({ start, end, label })),
    );
    // An action that goes on up to a frame that is not labelled may go on beyond it.
    const grown = unlabelled.map(([start, end]): UnlabelledStretch => [start - 0.5, end + 0.5]);
    const { whole, cut, unlabelled: around } = wholeInstances(all, grown);
    const stretches = around.map(([start, end]): UnlabelledStretch => [Math.ceil(start), Math.floor(end)]);
    const warnings: Warning[] = [];
    if (unlabelled.length > 0) {
      const count = isUnlabelled.filter(Boolean).length;
      const also = cut.length === 0 ? '' : `, nor are ${cut.length} actions that such frames cut`;
      const text = `${count} of ${rows.length} frames are not labelled yet (-1): they are not learnt from${also}`;
      warnings.push({ kind: 'videos that are not labelled to the end', text });
    }
    const video = {
      names: [
        lastPart(file)
          .replace(/\.[^.]+$/, '')
          .replace(/_labels$/, ''),
      ],
      where: `${file}:1`,
      unit: 'frames' as const,
      rows: rows.length,
      instances: whole,
      warnings,
      ...(stretches.length > 0 && { unlabelled: joinedStretches(stretches) }),
    };
    return { videos: [video], warnings: [] };
  },
};

/** Where a list is true: [first, behind the last] of each run. */
function runs(list: readonly boolean[]): UnlabelledStretch[] {
  const found: UnlabelledStretch[] = [];
  list.forEach((is, i) => {
    if (!is) return;
    const last = found.at(-1);
    if (last?.[1] === i) last[1] = i + 1;
    else found.push([i, i + 1]);
  });
  return found;
}
