import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { randomStream } from '../../src/engine/random.js';
import { solveRank } from '../../src/models/aggregators/rank/rank-problem.js';
import { rankTargets } from '../../src/models/aggregators/rank/rank.js';

/** One problem, and how far the two solutions are apart relative to the largest value of u. */
export interface SolverComparison {
  steps: number;
  channels: number;
  C: number;
  epsilon: number;
  targets: 'index' | 'centred';
  error: number;
}

const script = fileURLToPath(new URL('sklearn-rank.py', import.meta.url));

/** Solves random problems here and by scikit-learn; null where this Python does not exist or lacks scikit-learn. */
export function compareSolvers(python: string): SolverComparison[] | null {
  if (spawnSync(python, ['-c', 'import sklearn']).status !== 0) return null;
  const sizes = [[3, 2], [8, 32], [32, 16], [60, 128]] as const; // prettier-ignore
  const problems = sizes.flatMap(([steps, channels]) =>
    [0.1, 1, 10].flatMap((C) =>
      [0, 0.1, 2].flatMap((epsilon) =>
        (['index', 'centred'] as const).map((targets) => {
          const random = randomStream(1, 'rank', steps, C, epsilon, targets);
          const data = Float64Array.from({ length: steps * channels }, () => random.normal() / Math.sqrt(channels));
          return { steps, channels, C, epsilon, targets, data };
        }),
      ),
    ),
  );
  const input = problems.map(({ steps, channels, C, epsilon, targets, data }) => ({
    ...{ C, epsilon, y: [...rankTargets(steps, targets)] },
    V: Array.from({ length: steps }, (_, t) => [...data.subarray(t * channels, (t + 1) * channels)]),
  }));
  const { status, stdout, stderr } = spawnSync(python, [script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  const theirs = JSON.parse(stdout) as number[][];
  return problems.map(({ data, ...of }, i) => {
    const { steps: count, channels, C, epsilon, targets } = of;
    const { u } = solveRank({ rows: { data, count, channels }, targets: rankTargets(count, targets), C, epsilon });
    const largest = Math.max(...u.map(Math.abs), 1e-12);
    const error = Math.max(...u.map((value, c) => Math.abs(value - theirs[i]![c]!))) / largest;
    return { ...of, error };
  });
}
