import { Worker } from 'node:worker_threads';

/**
 * Starts a module as a thread. `url` must have the extension of its caller: `.js` in the
 * build and `.ts` in the sources.
 */
export function startThread(url: URL, workerData: unknown): Worker {
  if (!url.pathname.endsWith('.ts')) return new Worker(url, { workerData });
  // The sources are run by tsx, which each thread must register again.
  const program =
    "import('tsx/esm/api').then(({ register }) => { register(); " + `return import(${JSON.stringify(url.href)}); })`;
  return new Worker(program, { eval: true, workerData });
}
