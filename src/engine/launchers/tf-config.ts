import { z } from 'zod';
import { UsageError } from '../../system/errors.js';
import type { Cluster } from '../collectives/cluster.js';

const address = z.string().regex(/^[^\s:]+:\d+$/);
const schema = z.object({
  cluster: z.object({ chief: z.array(address).length(1).optional(), worker: z.array(address).optional() }),
  task: z.object({ type: z.enum(['chief', 'worker']), index: z.int().nonnegative() }),
});

/**
 * The cluster of `TF_CONFIG`, as Kubeflow's TFJob sets it, or somebody by hand: `{"cluster": {"chief": ["host:port"],
 * "worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}`. A chief is rank 0, workers come after it.
 *
 * @throws UsageError when it has not this form.
 */
export function tfConfigCluster(text: string): Cluster {
  const wrong = (why: string) =>
    new UsageError(
      `TF_CONFIG: ${why}: {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}`,
    );
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw wrong('not JSON');
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw wrong(`${path.join('.')}: ${message}`);
  }
  const {
    cluster: { chief = [], worker = [] },
    task: { type, index },
  } = parsed.data;
  const rank = type === 'chief' ? index : chief.length + index;
  const addresses = [...chief, ...worker];
  const repeated = addresses.find((one, i) => addresses.indexOf(one) < i);
  if (repeated !== undefined) throw wrong(`${repeated} is there twice`);
  if (type === 'chief' ? index >= chief.length : index >= worker.length) throw wrong(`there is no ${type} ${index}`);
  return { rank, addresses };
}
