/**
 * Draws the loss, step by step in each stage, of a run that `kill-test.ts` killed, with a line wherever it was killed.
 *
 *   npx tsx tools/night/kill-test.ts --out runs/night … > night.json
 *   npx tsx tools/night/curve.ts --run runs/night/killed --kills night.json [--out docs/images/night.svg]
 */
import path from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import yargs from 'yargs';
import { z } from 'zod';
import { readMetrics } from '../../src/checkpoints/metrics.js';
import { svgOf } from '../../src/report/charts/charts.js';
import { readJson, writeFileAtomic } from '../../src/system/files/files.js';

const text = { type: 'string', requiresArg: true } as const;
const args = yargs(process.argv.slice(2))
  .options({
    run: { ...text, demandOption: true },
    kills: { ...text, demandOption: true },
    out: { ...text, default: 'docs/images/night.svg' },
  })
  .strict()
  .parseSync();

const stepSchema = z.object({ stage: z.string(), step: z.number(), loss: z.number() });
const steps = readMetrics(path.join(args.run, 'metrics.jsonl')).flatMap(
  (record) => stepSchema.safeParse(record).data ?? [],
);
const { at } = z.object({ at: z.array(z.string()) }).parse(readJson(args.kills, 'kills'));
const kills = at.map((where) => {
  const [stage, step] = where.split(' ');
  return { stage, kill: Number(step) };
});

const panel = (stage: string) => ({
  title: `${stage}, ${kills.filter((kill) => kill.stage === stage).length} kills`,
  transform: [{ filter: { field: 'stage', equal: stage } }],
  width: 260,
  height: 150,
  layer: [
    {
      mark: { type: 'line' as const },
      encoding: {
        x: { field: 'step', type: 'quantitative' as const, title: 'step' },
        y: { field: 'loss', type: 'quantitative' as const, title: 'loss' },
      },
    },
    {
      mark: { type: 'rule' as const, color: 'firebrick', strokeDash: [3, 3] },
      encoding: { x: { field: 'kill', type: 'quantitative' as const } },
    },
  ],
});
const spec: TopLevelSpec = {
  background: 'white',
  data: { values: [...steps, ...kills] },
  hconcat: [...new Set(steps.map(({ stage }) => stage))].map(panel),
};
writeFileAtomic(args.out, `${await svgOf(spec)}\n`);
