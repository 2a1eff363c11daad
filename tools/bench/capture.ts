/**
 * Runs a configuration twice, op by op and with captured steps, and compares everything that the stages have stored, to
 * the bit. Each run is a process of its own. It prints how many stretches of work ran as one call, and seconds by the
 * clock and of the processor, for each stage:
 *
 *   npx tsx tools/bench/capture.ts --config configs/tiny.yaml [--mode on] [--set head.epochs=20]… [--stages a,b]
 *     [--out DIR]
 *
 * It exits with 1 if anything differs. With `--out` the run folders are kept; a second call goes on with them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/load.js';
import { stageNames, type StageName } from '../../src/config/stages.js';
import type { CaptureCounts } from '../../src/engine/capture/capture-state.js';
import { captureCounts } from '../../src/engine/capture/capture.js';
import { runStages } from '../../src/stages/pipeline.js';
import { withRun } from '../../src/stages/run/run.js';
import { rounded } from './figures.js';

const { values } = parseArgs({
  options: {
    config: { type: 'string', default: 'configs/tiny.yaml' },
    mode: { type: 'string', default: 'on' },
    set: { type: 'string', multiple: true, default: [] },
    stages: { type: 'string', default: 'pretrain,joint,extract,segments,head' },
    out: { type: 'string' },
    one: { type: 'string' },
  },
});
const stages = stageNames.filter((name) => values.stages.split(',').includes(name));

if (values.one === undefined) compare();
else for (const stage of stages) print(await measured(values.one, stage));

function compare(): void {
  const out = values.out ?? mkdtempSync(path.join(tmpdir(), 'lofi-capture-'));
  try {
    const stored = ['off', values.mode].map((mode) => {
      const folder = path.join(out, mode);
      const own = ['--import', 'tsx', import.meta.filename, '--one', folder, '--config', values.config];
      const settings = [...values.set, `engine.capture=${mode}`].flatMap((one) => ['--set', one]);
      const { status } = spawnSync(process.execPath, [...own, '--stages', values.stages, ...settings], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      if (status !== 0) throw new Error(`the run with engine.capture=${mode} has failed`);
      return contents(path.join(folder, 'store'));
    });
    const [eager, capturing] = stored as [Map<string, string>, Map<string, string>];
    const names = [...new Set([...eager.keys(), ...capturing.keys()])];
    const different = names.filter((name) => eager.get(name) !== capturing.get(name));
    print({ files: names.length, different });
    if (different.length > 0 || names.length === 0) process.exitCode = 1;
  } finally {
    if (values.out === undefined) rmSync(out, { recursive: true, force: true });
  }
}

/** Hashes of the tensors in a folder, by name. */
function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.safetensors'),
  );
  return new Map(
    files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(path.join(folder, name)))
        .digest('hex'),
    ]),
  );
}

/** Runs one stage in this process. */
async function measured(folder: string, stage: StageName): Promise<object> {
  const { config } = loadConfig(values.config, values.set);
  return withRun(folder, config, {}, async (run) => {
    const before = captureCounts();
    const [begun, used] = [performance.now(), process.cpuUsage()];
    await runStages(run, [stage]);
    const { user, system } = process.cpuUsage(used);
    const seconds = { clock: rounded((performance.now() - begun) / 1e3), processor: rounded((user + system) / 1e6) };
    return { capture: config.engine.capture, stage, seconds, ...difference(before, captureCounts()) };
  });
}

function difference(before: CaptureCounts | null, after: CaptureCounts | null): object {
  if (!before || !after) return { captured: null };
  const [captured, eager] = [after.captured - before.captured, after.eager - before.eager];
  const share = rounded(captured / Math.max(1, captured + eager));
  return { captured, eager, made: after.made - before.made, share };
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
