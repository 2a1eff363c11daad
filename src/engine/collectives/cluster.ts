import { serverDef } from './server-def.js';

/** The processes that compute together, and which of them this one is. */
export interface Cluster {
  /** Number of this process, from 0. */
  readonly rank: number;
  /** `host:port` of each rank, in their order. */
  readonly addresses: readonly string[];
}

/** The variable that `ranks-source.ts` reads when TensorFlow's context is made. */
const variable = 'LOFI_SERVER_DEF';

/** Loads TensorFlow by `load` such that its context belongs to the cluster. */
export async function withinCluster<T>(cluster: Cluster, load: () => Promise<T>): Promise<T> {
  process.env[variable] = Buffer.from(serverDef(cluster.addresses, cluster.rank)).toString('hex');
  try {
    return await load();
  } finally {
    // Processes that this one starts are no ranks.
    Reflect.deleteProperty(process.env, variable);
  }
}
