import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { setCapture } from '../../engine/capture/capture.js';
import { MetricsLog, silentLog, type StepLog } from '../../checkpoints/metrics.js';
import { ReadingStore } from '../../checkpoints/reading-store.js';
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
import { neverAborted, unlessStopped } from '../../system/signals.js';
import { noTeam, type Team } from '../../train/ranks/team.js';
import { Heartbeat } from './heartbeat.js';
import { datasetOfRanks } from './open-team.js';
import { goOn, type ResumePolicy } from './policy.js';
import { checkSources, dataPath, datasetFile, readSource } from './run-dataset.js';

/** An open run folder. Only one process, or one team, can have it open at a time. */
export interface Run {
  folder: string;
  config: Config;
  policy: ResumePolicy;
  store: RunStore;
  log: StepLog;
  engine: EngineInfo;
  /** The videos and annotations as they are now. */
  dataset: Dataset;
  /** Loads all frames, until `stop` is aborted. */
  frames: FrameLoader;
  /** Aborted when the work has to save its state and stop; its reason is the error to throw. */
  stop: AbortSignal;
  heartbeat: Heartbeat;
  /** The processes that train this run together; {@link noTeam} for one. Only the one that leads writes. */
  team: Team;
  /**
   * Writes the present dataset, and if `config` is true the present configuration, into the run folder. Called once no
   * stage refuses them; until then the folder keeps those that its models were made with.
   */
  adopt(what: { config: boolean }): void;
  /** Closes the frame loader and the log, and releases the folder. */
  close(): void;
}

/** Options of {@link openRun}; all have defaults. */
export interface OpenOptions {
  policy?: ResumePolicy;
  /** `fresh`: read the dataset from its source; `kept`: use the run's own copy, so that the source is not needed. */
  dataset?: 'fresh' | 'kept';
  stop?: AbortSignal;
  team?: Team;
}

/**
 * Opens a run folder, or begins one: locks it, starts the engine and reads the dataset.
 *
 * @throws UsageError when data are missing; WorkError when another process has the folder open.
 */
export async function openRun(
  folder: string,
  config: Config,
  { policy = goOn, dataset: use = 'fresh', stop = neverAborted(), team = noTeam }: OpenOptions = {},
): Promise<Run> {
  checkSources(config);
  const options = { policy, use, stop, team };
  return (await team.alone(() => openAsWriter(folder, config, options))) ?? openAsReader(folder, config, options);
}

interface Opening extends Pick<Run, 'policy' | 'stop' | 'team'> {
  use: 'fresh' | 'kept';
}

/** Opens a run for the process that writes: the only one, or rank 0. */
async function openAsWriter(folder: string, config: Config, { policy, use, stop, team }: Opening): Promise<Run> {
  const lock = acquireRunLock(folder);
  try {
    const engine = await startEngine();
    setCapture(config.engine.capture);
    const kept = use === 'kept' && existsSync(datasetFile(folder));
    const dataset = kept ? loadDataset(datasetFile(folder)) : await readSource(folder, config);
    if (team.count > 1) saveDataset(datasetOfRanks(folder), dataset);
    const log = new MetricsLog(path.join(folder, 'metrics.jsonl'));
    const frames = stoppable(startFrameLoader(frameOptions(config)), stop);
    const run: Run = {
      ...{ folder, config, policy, log, engine, dataset, frames, stop, team },
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
    // A folder without a dataset has no models that belong to another one.
    if (!existsSync(datasetFile(folder))) run.adopt({ config: true });
    return run;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Opens a run for a rank that writes nothing, after rank 0 has opened it. */
async function openAsReader(folder: string, config: Config, { policy, stop, team }: Opening): Promise<Run> {
  const engine = await startEngine();
  setCapture(config.engine.capture);
  const frames = stoppable(startFrameLoader(frameOptions(config)), stop);
  return {
    ...{ folder, config, policy, engine, frames, stop, team },
    dataset: loadDataset(datasetOfRanks(folder)),
    log: silentLog(path.join(folder, 'metrics.jsonl')),
    store: new ReadingStore(folder),
    heartbeat: new Heartbeat(null),
    adopt: () => undefined,
    close() {
      frames.close();
    },
  };
}

/** Opens a run, does `work` with it and closes it, also when the work fails. */
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

/** Reads the configuration of a run folder. Throws {@link UsageError} when the folder holds no run. */
export function readRunConfig(folder: string): Config {
  const file = path.join(folder, 'config.yaml');
  if (!existsSync(file)) throw new UsageError(`no run in ${folder}: config.yaml is missing`);
  return loadConfig(file).config;
}

/** A loader whose requests fail with the reason of `stop` once that is aborted. */
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
