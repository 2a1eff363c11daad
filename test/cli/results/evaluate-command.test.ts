import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-evaluate-'));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

const truth = write('truth.json', {
  database: {
    v1: { subset: 'Test', annotations: [{ segment: [0, 10], label: 'run' }] },
    v2: { subset: 'validation', annotations: [{ segment: [0, 10], label: 'run' }] },
    v3: { subset: 'validation', annotations: [{ segment: [0, 10], label: 'run' }] },
  },
});
const predictions = write('predictions.json', {
  results: { v1: [{ segment: [0, 7], score: 1, label: 'run' }], v2: [{ segment: [0, 10], score: 0.5, label: 'run' }] },
});
const files = ['--ground-truth', truth, '--predictions', predictions];

interface Document {
  subset: string;
  tiou: number[];
  mAP: number[];
  average_mAP: number;
  per_class: Record<string, number[]>;
  counts: Record<string, number>;
  AR: Record<string, number>;
  AUC: number;
}

describe('lofi evaluate', () => {
  it('prints one JSON document and nothing else on stdout', () => {
    const { stdout } = lofi(...files, '--json');
    const document = JSON.parse(stdout) as Document;
    assert.equal(document.subset, 'validation');
    assert.equal(document.tiou.length, 10);
    // The detection in v1 is a false positive that ranks above the one hit of two instances.
    assert.ok(document.mAP.every((value) => Math.abs(value - 0.25) < 1e-12));
    assert.deepEqual(document.per_class.run, document.mAP);
    assert.equal(document.counts.videos_missing, 1);
  });

  it('takes the thresholds and the split of a preset, and --tiou over it', () => {
    const { stdout } = lofi(...files, '--preset', 'thumos14', '--json');
    const document = JSON.parse(stdout) as Document;
    assert.equal(document.subset, 'Test');
    assert.deepEqual(
      document.tiou.map((t) => t.toFixed(9)),
      [0.3, 0.4, 0.5, 0.6, 0.7].map((t) => t.toFixed(9)),
    );
    const other = lofi(...files, '--preset', 'thumos14', '--tiou', '0.5', '--json');
    assert.deepEqual((JSON.parse(other.stdout) as Document).tiou, [0.5]);
  });

  it('prints a table for people, oddities on stderr', () => {
    const { stdout, stderr } = lofi(...files);
    assert.match(stdout, /all classes.*25\.00/);
    assert.match(stderr, /not in the subset: 1 video \(v1\)/);
  });

  it('gives AR and AUC', () => {
    const { stdout } = lofi(...files, '--metric', 'ar', '--subset', 'validation', '--json');
    const document = JSON.parse(stdout) as Document;
    assert.deepEqual(Object.keys(document.AR), ['1', '5', '10', '50', '100']);
    assert.equal(document.AR['100'], 0.5);
    assert.equal(typeof document.AUC, 'number');
  });

  it('leaves out or refuses missing videos', () => {
    const { stdout } = lofi(...files, '--missing', 'skip', '--json');
    assert.ok(Math.abs((JSON.parse(stdout) as Document).average_mAP - 0.5) < 1e-12);
    assertFails([...files, '--missing', 'fail'], 1, /v3/);
  });

  it('refuses a wrong call with one line', () => {
    assertFails([...files, '--subset', 'nope'], 2, /"nope".*"Test", "validation"/);
    assertFails([...files, '--tiou', '0.9:0.1:0.5'], 2, /--tiou/);
    assertFails(['--ground-truth', 'none.json', '--predictions', predictions], 2, /none\.json/);
    assertFails([...files, '--metric', 'ar', '--max-average-proposals', '0'], 2, /above 0/);
  });

  it('never loads TensorFlow', () => {
    assert.equal(lofi(...files, '--json').status, 0);
    assert.equal(lofi(...files).status, 0);
  });
});

function write(name: string, document: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify(document));
  return file;
}

/** Runs the command in a process of its own, which exits with 99 if it has loaded TensorFlow. */
const script = `
  import { createRequire } from 'node:module';
  import yargs from 'yargs';
  import { command } from '${new URL('../../../src/cli/results/evaluate-command.ts', import.meta.url).href}';
  try {
    const fail = (message, error) => { throw error ?? new Error(message); };
    await yargs(process.argv.slice(1)).command(command).fail(fail).parseAsync();
  } catch (error) {
    process.stderr.write(error.message);
    process.exitCode = error.exitCode ?? 98;
  }
  const loaded = Object.keys(createRequire('file:///x.js').cache);
  if (loaded.some((name) => name.includes('@tensorflow'))) process.exitCode = 99;
`;

function lofi(...args: string[]): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script, '--', 'evaluate', ...args],
    { encoding: 'utf8' },
  );
}

function assertFails(args: string[], status: number, message: RegExp): void {
  const result = lofi(...args);
  assert.match(result.stderr, message);
  assert.equal(result.status, status);
  assert.equal(result.stdout, '');
  assert.equal(result.stderr.trim().split('\n').length, 1);
}
