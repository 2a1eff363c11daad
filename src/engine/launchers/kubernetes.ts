import { UsageError } from '../../system/errors.js';
import type { Cluster } from '../collectives/cluster.js';

/**
 * The cluster of a Kubernetes Indexed Job with a headless service: pods are `<job>-<index>.<service>`. The index is in
 * `JOB_COMPLETION_INDEX`; the Job has to set `LOFI_RANKS` (its completions) and `LOFI_SERVICE`. An Indexed Job without
 * `LOFI_RANKS` is one whose pods work by themselves.
 *
 * @returns null outside of such a Job.
 * @throws UsageError when variables are missing or do not fit each other.
 */
export function kubernetesCluster(env: NodeJS.ProcessEnv, port: number): Cluster | null {
  const { JOB_COMPLETION_INDEX: index, LOFI_RANKS: ranks, LOFI_SERVICE: service, HOSTNAME: host = '' } = env;
  if (index === undefined || ranks === undefined) return null;
  const [rank, count] = [Number(index), Number(ranks)];
  if (!Number.isInteger(count) || !Number.isInteger(rank) || rank < 0 || rank >= count)
    throw new UsageError(`Kubernetes: pod ${index} of LOFI_RANKS=${ranks}: set LOFI_RANKS to the Job's completions`);
  if (count === 1) return null;
  if (service === undefined || service === '')
    throw new UsageError("Kubernetes: set LOFI_SERVICE to the headless service that is the pods' subdomain");
  if (!host.endsWith(`-${index}`))
    throw new UsageError(`Kubernetes: the host is ${host}, not <job>-${index}: is the Job's completionMode Indexed?`);
  const job = host.slice(0, -index.length - 1);
  return { rank, addresses: Array.from({ length: count }, (_, pod) => `${job}-${pod}.${service}:${port}`) };
}
