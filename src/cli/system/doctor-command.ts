import type { CommandModule } from 'yargs';
import type { EngineInfo } from '../../engine/backend.js';
import { LofiError } from '../../system/errors.js';
import type { Ffmpeg } from '../../video/ffmpeg.js';
import { lineOf } from '../../system/printable.js';
import { print, printJson } from '../../system/say.js';

/**
 * The engine and ffmpeg that will be used on this machine. A part that is not available is null
 * and described in `problems`.
 */
export interface Diagnosis {
  readonly node: string;
  readonly engine: EngineInfo | null;
  readonly ffmpeg: Ffmpeg | null;
  readonly ranks: RanksDiagnosis;
  readonly problems: readonly string[];
}

/** Whether several processes can train together here, and of how many this one would be one. */
export interface RanksDiagnosis {
  readonly possible: boolean;
  /** The launcher that has started this process as one of several. */
  readonly launcher: string | null;
  readonly count: number;
  /** The addresses of the ranks, or what it would take to have several. */
  readonly says: string;
}

interface Options {
  json: boolean;
}

/**
 * Starts the engine and ffmpeg as every other command would, and reports the outcome.
 *
 * @param earlier - Problems that are known already.
 * @param wanted - The engine to start; by default the best one, or that of `LOFI_ENGINE`.
 */
export async function diagnose(earlier: readonly string[] = [], wanted?: EngineInfo['name']): Promise<Diagnosis> {
  const { startEngine } = await import('../../engine/backend.js');
  const { findFfmpeg, passedOver } = await import('../../video/ffmpeg.js');
  const problems = [...earlier];
  const attempt = async <T>(part: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await part();
    } catch (error) {
      if (!(error instanceof LofiError)) throw error;
      if (!problems.includes(error.message)) problems.push(error.message);
      return null;
    }
  };
  const engine = await attempt(() => startEngine(wanted));
  const ffmpeg = await attempt(findFfmpeg);
  if (ffmpeg) problems.push(...passedOver().filter((why) => !problems.includes(why)));
  if (engine?.name === 'wasm' && earlier.length === 0 && wanted !== 'wasm' && process.env['LOFI_ENGINE'] !== 'wasm') {
    problems.push('native TensorFlow is not set up: the wasm engine is about ten times slower. Run lofi setup.');
  }
  return { node: process.versions.node, engine, ffmpeg, ranks: await diagnoseRanks(wanted), problems };
}

async function diagnoseRanks(wanted: EngineInfo['name'] | undefined): Promise<RanksDiagnosis> {
  const { bindingForRanks } = await import('../../engine/backend.js');
  const { findCluster } = await import('../../engine/launchers/find-cluster.js');
  try {
    bindingForRanks(wanted);
    const cluster = findCluster();
    if (!cluster) {
      const says = 'several by lofi run --ranks N, TF_CONFIG, srun, an Indexed Job or mpirun (docs/many-machines.md)';
      return { possible: true, launcher: null, count: 1, says };
    }
    const { launcher, rank, addresses } = cluster;
    const says = `rank ${rank} of ${addresses.join(', ')} by ${launcher}`;
    return { possible: true, launcher, count: addresses.length, says };
  } catch (error) {
    if (!(error instanceof LofiError)) throw error;
    return { possible: false, launcher: null, count: 1, says: error.message };
  }
}

/** Prints a diagnosis as one JSON document or as readable lines. */
export function printDiagnosis(found: Diagnosis, json: boolean): void {
  if (json) {
    printJson(found, 2);
    return;
  }
  const { engine, ffmpeg } = found;
  const lines = [
    `node    ${found.node}`,
    `engine  ${engine ? `${engine.name} ${engine.version}, ${engine.device}, ${engine.threads} thread(s)` : 'none'}`,
    `ffmpeg  ${ffmpeg ? `${ffmpeg.version} from ${ffmpeg.source}: ${ffmpeg.path}` : 'none'}`,
    `ranks   ${found.ranks.count}; ${found.ranks.says}`,
    ...found.problems.map((problem) => `problem: ${problem}`),
  ];
  print(lines.map(lineOf).join('\n'));
}

export const command: CommandModule<object, Options> = {
  command: 'doctor',
  describe: 'Show which engine and which ffmpeg will be used, and what is wrong',
  builder: (yargs) =>
    yargs
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON document' })
      .example('$0 doctor --json', 'the same as JSON'),
  handler: async ({ json }) => {
    printDiagnosis(await diagnose(), json);
  },
};
