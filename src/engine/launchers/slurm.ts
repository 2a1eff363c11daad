import { UsageError } from '../../system/errors.js';
import type { Cluster } from '../collectives/cluster.js';

/**
 * The cluster of a Slurm step: `srun` tells each task its number, the nodes, and how many tasks each of them has. Tasks
 * of one node listen at ports that follow each other.
 *
 * @param port - The port of the first task of each node.
 * @returns null outside of a step, and for a step of one task.
 * @throws UsageError when variables do not fit each other.
 */
export function slurmCluster(env: NodeJS.ProcessEnv, port: number): Cluster | null {
  const { SLURM_PROCID: rank, SLURM_STEP_NODELIST: nodes } = env;
  const count = Number(env['SLURM_STEP_NUM_TASKS'] ?? env['SLURM_NTASKS']);
  if (rank === undefined || nodes === undefined || !(count > 1)) return null;
  const hosts = expandNodes(nodes);
  const tasks = expandTasks(env['SLURM_STEP_TASKS_PER_NODE'] ?? env['SLURM_TASKS_PER_NODE'] ?? '');
  const addresses = hosts.flatMap((host, node) =>
    Array.from({ length: tasks[node] ?? 0 }, (_, place) => `${host}:${port + place}`),
  );
  if (hosts.length !== tasks.length || addresses.length !== count)
    throw new UsageError(`Slurm: ${count} tasks on ${hosts.length} nodes, but tasks of a node are ${tasks.join(', ')}`);
  const numbers = env['SLURM_DISTRIBUTION'];
  if (hosts.length > 1 && numbers !== undefined && !numbers.startsWith('block'))
    throw new UsageError(`Slurm: tasks are laid out by --distribution=${numbers}: give srun --distribution=block`);
  return { rank: Number(rank), addresses };
}

/**
 * The names in a list of nodes: `n[08-10,12],gpu2` is n08, n09, n10, n12, gpu2.
 *
 * @throws UsageError when it is no such list.
 */
export function expandNodes(list: string): string[] {
  const names: string[] = [];
  for (const one of list.split(/,(?![^[]*\])/)) names.push(...expandName(one, list));
  return names;
}

/** Expands the first brackets of a name, and those after them by itself. */
function expandName(name: string, list: string): string[] {
  const [, before, inside, after] = /^([^[\]]*)\[([^[\]]*)\](.*)$/.exec(name) ?? [];
  if (inside === undefined) {
    if (name === '' || /[[\]]/.test(name)) throw new UsageError(`Slurm: not a list of nodes: ${list}`);
    return [name];
  }
  return inside.split(',').flatMap((range) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined || Number(last) < Number(first))
      throw new UsageError(`Slurm: not a list of nodes: ${list}`);
    return Array.from(
      { length: Number(last) - Number(first) + 1 },
      (_, i) => `${before!}${String(Number(first) + i).padStart(first.length, '0')}${after!}`,
    ).flatMap((one) => expandName(one, list));
  });
}

/**
 * The number of tasks of each node: `2,1(x3)` is 2, 1, 1, 1.
 *
 * @throws UsageError when it is no such list.
 */
export function expandTasks(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [, tasks, times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    if (tasks === undefined) throw new UsageError(`Slurm: not a list of tasks per node: ${list}`);
    return Array.from({ length: Number(times) }, () => Number(tasks));
  });
}
