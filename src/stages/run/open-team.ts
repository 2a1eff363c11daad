import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { differences, stageConfig } from '../../config/hash.js';
import type { Config } from '../../config/schema.js';
import { stageNames } from '../../config/stages.js';
import { startEngineIn } from '../../engine/backend.js';
import type { Cluster } from '../../engine/collectives/cluster.js';
import { powerOf2From, Ranks } from '../../engine/collectives/ranks.js';
import { UsageError } from '../../system/errors.js';
import { quietFrom, say } from '../../system/say.js';
import { teamOf, type Team, type Turns } from '../../train/ranks/team.js';

/** The processes that work on a run together, and what they were asked for. */
export interface RanksOfCall {
  cluster: Cluster;
  /** Longest time that a rank waits for the others, s. */
  seconds: number;
  /** The command and those of its options that decide what is done. */
  call: readonly string[];
}

/** The file by which rank 0 gives the others the dataset. */
export function datasetOfRanks(folder: string): string {
  return path.join(folder, 'ranks', 'dataset.json');
}

/**
 * Starts the engine as one of several processes, meets the others, and makes sure that all were started alike.
 *
 * @throws UsageError when the number of ranks is no power of two, the engine cannot do it, or ranks differ in version,
 *   configuration or call; WorkError when the engine does not start, or ranks are missing.
 */
export async function openTeam(folder: string, config: Config, { cluster, seconds, call }: RanksOfCall): Promise<Team> {
  const { rank, addresses } = cluster;
  if (addresses.length !== powerOf2From(addresses.length))
    throw new UsageError(
      `${addresses.length} ranks: give a power of two, so that their sums have the bits of one process`,
    );
  const engine = await startEngineIn(cluster);
  if (rank > 0) quietFrom(rank);
  const ranks = new Ranks(cluster, seconds);
  const turns = turnFile(folder);
  const team = teamOf(ranks, turns);
  say(`ranks: waiting for ${addresses.length - 1} more`);
  team.same(
    {
      ...{
        lofi: lofiVersion(),
        node: process.versions.node,
        engine: `${engine.name} ${engine.version} ${engine.device}`,
      },
      call,
      config: Object.fromEntries(stageNames.map((stage) => [stage, stageConfig(config, stage)])),
    },
    (first, other, at) =>
      new UsageError(
        `rank ${at} was started otherwise than rank 0: ${[...new Set(differences(first, other).map(withoutStage))].join('; ')}`,
      ),
  );
  const [job] = team.exchange(turns.begin(rank));
  turns.join(job!);
  return team;
}

const withoutStage = (difference: string) => difference.replace(/^config\.[a-z]+\./, '');

function lofiVersion(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Length of the record in the file of turns, bytes. */
const recordBytes = 64;

/**
 * The file `ranks/turn` of a run folder: the name of the job, and how many turns rank 0 has done alone. The record has
 * one length and is written over itself, which needs no disk space.
 */
function turnFile(folder: string): Turns & { begin(rank: number): string; join(job: string): void } {
  const file = path.join(folder, 'ranks', 'turn');
  const record = (job: string, turn: number) => `${job} ${turn} `.padEnd(recordBytes - 1) + '\n';
  let job = '';
  return {
    begin(rank) {
      if (rank > 0) return '';
      job = randomBytes(8).toString('hex');
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, record(job, 0));
      return job;
    },
    join(ofRank0) {
      job = ofRank0;
    },
    announce(turn) {
      const fd = openSync(file, 'r+');
      try {
        writeSync(fd, record(job, turn), 0);
      } finally {
        closeSync(fd);
      }
    },
    announced() {
      try {
        const [of, turn] = readFileSync(file, 'utf8').split(' ');
        return of === job ? Number(turn) : -1;
      } catch {
        return -1;
      }
    },
  };
}
