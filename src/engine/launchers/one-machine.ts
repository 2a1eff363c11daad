import { UsageError } from '../../system/errors.js';
import type { Cluster } from '../collectives/cluster.js';

/** The variables by which launchers of one machine tell a process its number, how many there are, and how many here. */
const launchers = [
  {
    name: 'mpirun',
    rank: 'OMPI_COMM_WORLD_RANK',
    count: 'OMPI_COMM_WORLD_SIZE',
    here: 'OMPI_COMM_WORLD_LOCAL_SIZE',
  },
  { name: 'torchrun', rank: 'RANK', count: 'WORLD_SIZE', here: 'LOCAL_WORLD_SIZE' },
] as const;

/** The addresses of processes on this machine. */
export function localAddresses(count: number, port: number): string[] {
  return Array.from({ length: count }, (_, rank) => `127.0.0.1:${port + rank}`);
}

/**
 * The cluster of `mpirun` or `torchrun` on one machine.
 *
 * @returns null where there is none, or only one process.
 * @throws UsageError on several machines, of which these launchers do not tell the names.
 */
export function oneMachineCluster(env: NodeJS.ProcessEnv, port: number): Cluster | null {
  for (const { name, rank, count, here } of launchers) {
    const [number, all, local] = [rank, count, here].map((variable) => Number(env[variable] ?? NaN)) as [
      number,
      number,
      number,
    ];
    if (!Number.isInteger(number) || !(all > 1)) continue;
    if (local !== all)
      throw new UsageError(
        `${name}: ${all} processes, ${Number.isNaN(local) ? 'an unknown number' : local} of them on this machine. ` +
          `${name} does not tell the names of machines: set TF_CONFIG for each process`,
      );
    return { rank: number, addresses: localAddresses(all, port) };
  }
  return null;
}
