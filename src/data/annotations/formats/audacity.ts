import { timeOf } from '../csv-annotations.js';
import { labelText } from '../tools/label-text.js';
import type { Instance } from '../../dataset.js';
import type { Warning } from '../annotations.js';
import type { ToolFormat } from '../tools/tool-format.js';
import { namesByFile } from '../tools/video-names-of.js';

/** A line of labels, or one that begins with a backslash and has the frequencies of the label before it. */
const line = /^(?:\\\t|\d+(?:[.,]\d*)?\t\d+(?:[.,]\d*)?(?:\t|$))/;

/** Audacity's exported labels: start, end and text, separated by tabs. The file does not name its video. */
export const audacity: ToolFormat = {
  name: 'Audacity labels',
  toldBy: 'lines of start, end and text, separated by tabs, without a header',
  fits: ({ beginning, text }) => {
    const lines = beginning.split(/\r?\n|\r/);
    // The last line may be cut.
    const whole = text.length > beginning.length ? lines.slice(0, -1) : lines;
    const filled = whole.filter((one) => one.trim() !== '');
    return filled.length > 0 && filled.every((one) => line.test(one));
  },
  read({ text, file }) {
    const warnings: Warning[] = [];
    const instances = text.split(/\r\n|\n|\r/).flatMap((one, i): Instance[] => {
      if (one.trim() === '' || one.startsWith('\\')) return [];
      const where = `${file}:${i + 1}`;
      const [start = '', end = '', ...rest] = one.split('\t');
      const label = labelText(rest.join(' '));
      const [from, to] = [timeOf(decimal(start), where), timeOf(decimal(end), where)];
      if (label !== '') return [{ start: from, end: to, label }];
      warnings.push({ kind: 'labels without a text', text: `${where}: left out: a label without a text` });
      return [];
    });
    return { videos: [{ names: namesByFile(file), where: `${file}:1`, instances }], warnings };
  },
};

/** Audacity writes six decimals, with the decimal mark of the system: a comma separates nothing else. */
function decimal(text: string): string {
  return text.trim().replace(',', '.');
}
