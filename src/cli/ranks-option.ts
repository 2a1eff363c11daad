import { availableParallelism } from 'node:os';
import type { Argv } from 'yargs';
import type { RanksOfCall } from '../stages/run/open-team.js';
import { UsageError } from '../system/errors.js';

/** The option of commands that several processes can do together. */
export interface RanksArguments {
  ranks: number | undefined;
}

export function ranksOption<T>(yargs: Argv<T>): Argv<T & RanksArguments> {
  return yargs.option('ranks', {
    type: 'number',
    requiresArg: true,
    describe: 'train with so many processes on this machine, a power of two (docs/many-machines.md)',
  });
}

/**
 * The processes that do a command together. Without a launcher, `--ranks` starts them.
 *
 * @param call - What decides what is done, apart from the configuration.
 * @returns `done` with the exit code of ranks that were started and have ended; else the ranks that this process is one
 *   of, null for none.
 * @throws UsageError when option and launcher do not fit each other.
 */
export async function ranksOfCall(
  wanted: number | undefined,
  call: readonly string[],
): Promise<{ done: number } | { done?: undefined; ranks: RanksOfCall | null }> {
  const { findCluster, firstPort, rankSeconds } = await import('../engine/launchers/find-cluster.js');
  if (
    wanted !== undefined &&
    (!Number.isInteger(wanted) || wanted < 1 || wanted !== 2 ** Math.round(Math.log2(wanted)))
  )
    throw new UsageError(`--ranks ${wanted}: give a power of two`);
  const cluster = findCluster();
  const seconds = rankSeconds();
  if (cluster) {
    const { endWithParent } = await import('../system/local-ranks.js');
    endWithParent();
    const { length } = cluster.addresses;
    if (wanted !== undefined && wanted !== length)
      throw new UsageError(`--ranks ${wanted}, but ${cluster.launcher} has started ${length}`);
    return { ranks: { cluster, seconds, call } };
  }
  if (wanted === undefined || wanted === 1) return { ranks: null };
  const [{ runLocalRanks }, { localAddresses }, { bindingForRanks }] = await Promise.all([
    import('../system/local-ranks.js'),
    import('../engine/launchers/one-machine.js'),
    import('../engine/backend.js'),
  ]);
  bindingForRanks();
  const addresses = localAddresses(wanted, firstPort());
  return { done: await runLocalRanks(addresses.map((_, index) => environmentOf(addresses, index))) };
}

/** The variables of a rank on this machine, whose processors all ranks share. */
function environmentOf(addresses: readonly string[], index: number): NodeJS.ProcessEnv {
  const task = { type: 'worker', index };
  const threads = process.env['TF_NUM_INTRAOP_THREADS'];
  return {
    TF_CONFIG: JSON.stringify({ cluster: { worker: addresses }, task }),
    TF_NUM_INTRAOP_THREADS: threads ?? String(Math.max(1, Math.floor(availableParallelism() / addresses.length))),
  };
}
