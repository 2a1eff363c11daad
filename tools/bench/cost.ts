/**
 * Measures what a LoFi step costs, in seconds and peak memory, against snippets, resolution, depth and batch. Each is
 * varied alone, from 16 snippets of 112², ResNet-18 and one video. Prints one JSON line per measurement
 * (`lofi-step.ts`, each in a process of its own) and draws them.
 *
 *   npx tsx tools/bench/cost.ts [--out docs/images/cost.svg]
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { TopLevelSpec } from 'vega-lite';
import { svgOf } from '../../src/report/charts/charts.js';
import { writeFileAtomic } from '../../src/system/files/files.js';

const { values } = parseArgs({ options: { out: { type: 'string', default: 'docs/images/cost.svg' } } });

const usual = { snippets: 16, size: 112, depth: 18, batch: 1 };
const varied = {
  snippets: [8, 16, 32, 64],
  size: [56, 80, 112, 158, 224],
  depth: [18, 34, 50],
  batch: [1, 2, 4],
} satisfies Record<keyof typeof usual, number[]>;
const titles = { snippets: 'snippets L', size: 'side, pixels', depth: 'ResNet-', batch: 'videos a batch' };

const known = new Map<string, { seconds_per_step: number; peak_gib: number }>();
const points = Object.entries(varied).flatMap(([what, numbers]) =>
  numbers.flatMap((x) => {
    const line = measured({ ...usual, [what]: x });
    const along = titles[what as keyof typeof titles];
    return [
      { along, x, unit: 'seconds', value: line.seconds_per_step },
      { along, x, unit: 'GiB', value: line.peak_gib },
    ];
  }),
);
await draw();

function measured(of: typeof usual) {
  const { snippets, size, depth, batch } = of;
  const key = JSON.stringify(of);
  const before = known.get(key);
  if (before) return before;
  const tool = path.join(import.meta.dirname, 'lofi-step.ts');
  const what = ['--shapes', `${snippets}x${size}`, '--depth', String(depth), '--batch', String(batch), '--steps', '1'];
  const line = execFileSync(process.execPath, ['--import', 'tsx', tool, ...what], { encoding: 'utf8' });
  process.stdout.write(line);
  const found = JSON.parse(line) as { seconds_per_step: number; peak_gib: number };
  known.set(key, found);
  return found;
}

async function draw(): Promise<void> {
  const panel = (unit: string) => ({
    transform: [{ filter: `datum.unit === '${unit}'` }],
    facet: { column: { field: 'along', type: 'nominal' as const, sort: Object.values(titles), title: null } },
    spec: {
      width: 150,
      height: 130,
      mark: { type: 'line' as const, point: true },
      encoding: {
        x: { field: 'x', type: 'quantitative' as const, title: null, axis: { tickCount: 4 }, scale: { zero: false } },
        y: {
          field: 'value',
          type: 'quantitative' as const,
          title: unit === 'GiB' ? 'peak memory, GiB' : 'seconds a step',
        },
      },
    },
    resolve: { scale: { x: 'independent' as const } },
  });
  const spec: TopLevelSpec = {
    background: 'white',
    data: { values: points },
    vconcat: [panel('seconds'), panel('GiB')],
  };
  writeFileAtomic(values.out, `${await svgOf(spec)}\n`);
}
