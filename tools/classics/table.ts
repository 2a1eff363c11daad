import { deviation, mean } from '../results/statistics.js';
import { classicArms } from './arms.js';
import type { ClassicResult } from './store.js';

/** A Markdown table: Hit@1 and Hit@3 in percent, mean ± standard deviation of the seeds, and milliseconds a clip. */
export function classicTable(results: readonly ClassicResult[]): string {
  const rows = Object.keys(classicArms).flatMap((arm) => {
    const of = results.filter((result) => result.arm === arm);
    if (of.length === 0) return [];
    const percent = (value: (result: ClassicResult) => number) => {
      const values = of.map((result) => 100 * value(result));
      return `${mean(values).toFixed(1)}${values.length > 1 ? ` ± ${deviation(values).toFixed(1)}` : ''}`;
    };
    const rates = [
      percent(({ clip }) => clip.hit1),
      percent(({ clip }) => clip.hit3),
      percent(({ video }) => video.hit1),
      percent(({ video }) => video.hit3),
    ];
    const milliseconds = (1000 * mean(of.map(({ clip_seconds: seconds }) => seconds))).toFixed(1);
    return [`| ${[arm, ...rates, milliseconds, String(of.length)].join(' | ')} |`];
  });
  return [
    '| network | clip Hit@1 | clip Hit@3 | video Hit@1 | video Hit@3 | ms a clip | seeds |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}
