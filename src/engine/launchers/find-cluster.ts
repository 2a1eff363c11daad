import { UsageError } from '../../system/errors.js';
import type { Cluster } from '../collectives/cluster.js';
import { kubernetesCluster } from './kubernetes.js';
import { oneMachineCluster } from './one-machine.js';
import { slurmCluster } from './slurm.js';
import { tfConfigCluster } from './tf-config.js';

/** The first port at which ranks listen where the launcher names none. */
export const defaultPort = 41_700;

/** A cluster, and which launcher has told of it. */
export interface LaunchedCluster extends Cluster {
  readonly launcher: 'TF_CONFIG' | 'Slurm' | 'Kubernetes' | 'mpirun or torchrun';
}

/**
 * The cluster that this process was started in, by the variables of its launcher; `TF_CONFIG` comes before all others.
 *
 * @returns null for a process that was started alone.
 * @throws UsageError when the variables of a launcher are wrong.
 */
export function findCluster(env: NodeJS.ProcessEnv = process.env): LaunchedCluster | null {
  const { TF_CONFIG: config } = env;
  if (config !== undefined && config !== '') {
    const cluster = tfConfigCluster(config);
    return cluster.addresses.length > 1 ? { ...cluster, launcher: 'TF_CONFIG' } : null;
  }
  const port = firstPort(env);
  const slurm = slurmCluster(env, port);
  if (slurm) return { ...slurm, launcher: 'Slurm' };
  const kubernetes = kubernetesCluster(env, port);
  if (kubernetes) return { ...kubernetes, launcher: 'Kubernetes' };
  const local = oneMachineCluster(env, port);
  return local && { ...local, launcher: 'mpirun or torchrun' };
}

/**
 * `LOFI_PORT`, or {@link defaultPort}.
 *
 * @throws UsageError when it is no port.
 */
export function firstPort(env: NodeJS.ProcessEnv = process.env): number {
  return wholeNumber(env, 'LOFI_PORT', defaultPort, 65_000);
}

/** `LOFI_RANK_SECONDS`: how long a rank waits for the others; by default ten minutes. */
export function rankSeconds(env: NodeJS.ProcessEnv = process.env): number {
  return wholeNumber(env, 'LOFI_RANK_SECONDS', 600, 86_400);
}

function wholeNumber(env: NodeJS.ProcessEnv, variable: string, otherwise: number, most: number): number {
  const text = env[variable];
  if (text === undefined || text === '') return otherwise;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new UsageError(`${variable}=${text}: give a whole number from 1 to ${most}`);
  return number;
}
