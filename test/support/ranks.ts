import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Variables of ranks in tests: one thread each, and little patience. */
export const rankVariables = { TF_NUM_INTRAOP_THREADS: '1', LOFI_RANK_SECONDS: '60' };

/** Listens at a port of this machine; the caller closes it. */
export async function listenAt(port: number): Promise<Server> {
  const server = createServer().listen(port);
  await once(server, 'listening');
  return server;
}

/** The first of some ports that follow each other and are free. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const servers: Server[] = [];
    try {
      for (let i = 0; i < count; i++) servers.push(await listenAt(first + i));
      return first;
    } catch {
      // One of them is taken.
    } finally {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    }
  }
}

/** The variables of a rank by TF_CONFIG: a chief and a worker. */
export function chiefAndWorker(port: number): [NodeJS.ProcessEnv, NodeJS.ProcessEnv] {
  const cluster = { chief: [`127.0.0.1:${port}`], worker: [`127.0.0.1:${port + 1}`] };
  const of = (type: string) => ({ ...rankVariables, TF_CONFIG: JSON.stringify({ cluster, task: { type, index: 0 } }) });
  return [of('chief'), of('worker')];
}
