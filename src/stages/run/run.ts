import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { MetricsLog } from '../../checkpoints/metrics.js';
import { acquireRunLock } from '../../checkpoints/run-lock.js';
import { RunStore } from '../../checkpoints/run-store.js';
import { loadConfig } from '../../config/load.js';
import type { Config } from '../../config/schema.js';
import { loadDataset, saveDataset, type Dataset } from '../../data/dataset.js';
import { startFrameLoader, type FrameLoader } from '../../data/frames/loader.js';
import { startEngine, type EngineInfo } from '../../engine/backend.js';
import { UsageError } from '../../system/errors.js';
import { writeFileAtomic } from '../../system/files/files.js';
import { cacheFolder } from '../../system/install/cache.js';
import { unlessStopped } from '../../system/signals.js';
import { Heartbeat } from './heartbeat.js';
import { goOn, type ResumePolicy } from './policy.js';
import { checkSources, dataPath, datasetFile, readSource } from './run-dataset.js';

/** An open run folder: one process has it at a time. */
export interface Run {
  folder: string;
  config: Config;
  policy: ResumePolicy;
  store: RunStore;
  log: MetricsLog;
  engine: EngineInfo;
  /** The videos and annotations as they are today. */
  dataset: Dataset;
  /** Where all frames come from, until `stop`. */
  frames: FrameLoader;
  /** Aborted, with the error to throw, when the work is to save and stop. */
  stop: AbortSignal;
  heartbeat: Heartbeat;
  /**
   * Makes today's dataset, and where `config` says so today's configuration, those of the run folder. Called once no
   * stage refuses them: until then the folder keeps those that its models were made with.
   */
  adopt(what: { config: boolean }): void;
  close(): void;
}

/** How a run folder is opened; everything has a default. */
export interface OpenOptions {
  policy?: ResumePolicy;
  /** `fresh`: read the dataset's source again; `kept`: take the run's own copy, so that its sources are not needed. */
  dataset?: 'fresh' | 'kept';
  stop?: AbortSignal;
}

/**
 * Opens (or begins) a run folder: starts the engine and reads the dataset.
 *
 * @throws UsageError when data are missing; WorkError when another process has the folder.
 */
export async function openRun(
  folder: string,
  config: Config,
  { policy = goOn, dataset: use = 'fresh', stop = new AbortController().signal }: OpenOptions = {},
): Promise<Run> {
  checkSources(config);
  const lock = acquireRunLock(folder);
  try {
    const engine = await startEngine();
    const kept = use === 'kept' && existsSync(datasetFile(folder));
    const dataset = kept ? loadDataset(datasetFile(folder)) : await readSource(folder, config);
    const log = new MetricsLog(path.join(folder, 'metrics.jsonl'));
    const frames = stoppable(startFrameLoader(frameOptions(config)), stop);
    const run: Run = {
      ...{ folder, config, policy, log, engine, dataset, frames, stop },
      store: new RunStore(folder),
      heartbeat: new Heartbeat(folder),
      adopt(what) {
        if (what.config) writeFileAtomic(path.join(folder, 'config.yaml'), stringify(config));
        if (!kept) saveDataset(datasetFile(folder), dataset);
      },
      close() {
        frames.close();
        log.close();
        lock.release();
      },
    };
    // A folder without a dataset has no models of another one.
    if (!existsSync(datasetFile(folder))) run.adopt({ config: true });
    return run;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Does `work` with an open run and closes it however that ends. */
export async function withRun<T>(
  folder: string,
  config: Config,
  options: OpenOptions,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const run = await openRun(folder, config, options);
  try {
    return await work(run);
  } finally {
    run.close();
  }
}

/** The configuration that a run folder was made with. Throws {@link UsageError} when it is no run folder. */
export function readRunConfig(folder: string): Config {
  const file = path.join(folder, 'config.yaml');
  if (!existsSync(file)) throw new UsageError(`no run in ${folder}: config.yaml is missing`);
  return loadConfig(file).config;
}

/** A loader that gives nothing more once `stop` is aborted. */
function stoppable({ load, close }: FrameLoader, stop: AbortSignal): FrameLoader {
  return { load: (request) => unlessStopped(stop, stop.aborted ? new Promise(() => undefined) : load(request)), close };
}

function frameOptions({ data }: Config) {
  const folder = data.cache === null ? path.join(cacheFolder(), 'frames') : dataPath({ data }, data.cache);
  return {
    processes: data.processes ?? availableParallelism(),
    seconds: data.stallSeconds,
    memory: data.memoryGiB * 2 ** 30,
    disk: data.cacheGiB > 0 ? { folder, limit: data.cacheGiB * 2 ** 30 } : null,
  };
}
