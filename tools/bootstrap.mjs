/**
 * Runs `npm run demo` and `npm test` right after `git clone`: installs, builds and sets up what is missing, then runs
 * the task. It is plain Node, because nothing else is installed at that moment.
 *
 *   node tools/bootstrap.mjs demo|test
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
process.chdir(root);

const tasks = { demo, test };
const task = tasks[process.argv[2]];
if (task === undefined) fail('usage: node tools/bootstrap.mjs demo|test', 2);
checkNode();
install();
build();
run('node', ['dist/cli/main.js', 'setup'], { stdio: ['ignore', 2, 2] });
task();

function demo() {
  run('node', ['--import', 'tsx', 'tools/demo.ts']);
}

function test() {
  tool('eslint', '.');
  tool('prettier', '--check', '--log-level', 'warn', '.');
  tool('typescript', '-p', 'tsconfig.json');
  const files = filesIn('test').filter((file) => file.endsWith('.test.ts'));
  // Node 20 has no patterns in --test. Two files run at a time, because the engine alone uses all cores.
  run('node', ['--import', 'tsx', '--test', '--test-reporter', 'spec', '--test-concurrency', '2', ...files]);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major === 22 || major === 21 || (major === 20 && minor >= 19)) return;
  fail(
    `Node ${process.versions.node} is not supported: install Node 20 (20.19 or later) or 22. ` +
      'tfjs-node calls functions that Node 23 removed.',
  );
}

/**
 * Runs `npm ci` if node_modules is not what package-lock.json says. The stamp is written last,
 * so half an install has none.
 */
function install() {
  once('node_modules/.lofi-stamp', ['package.json', 'package-lock.json'], () => {
    const npm = process.env.npm_execpath;
    const args = ['ci', '--no-audit', '--no-fund'];
    if (npm === undefined) run('npm', args);
    else run('node', [npm, ...args]);
  });
}

/** Builds `dist/` anew if a source has changed since it was built, so that removed sources leave nothing behind. */
function build() {
  once('dist/.lofi-stamp', ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', ...filesIn('src')], () => {
    rmSync('dist', { recursive: true, force: true });
    tool('typescript', '-p', 'tsconfig.build.json');
  });
}

/** Runs `work` unless `stamp` says that it was done for exactly these files. */
function once(stamp, files, work) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  const now = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  work();
  writeFileSync(stamp, now);
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** Runs a development dependency's program by its file, so that no shell is needed on Windows either. */
function tool(name, ...args) {
  const manifest = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  const bin = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[name === 'typescript' ? 'tsc' : name];
  run('node', [path.join('node_modules', name, bin), ...args]);
}

/** Runs a program. If it fails, this process exits at once with the same code. */
function run(program, args, options = { stdio: 'inherit' }) {
  const file = program === 'node' ? process.execPath : program;
  process.stderr.write(`> ${[program, ...args.filter((arg) => !arg.endsWith('.test.ts'))].join(' ')}\n`);
  const ended = spawnSync(file, args, options);
  if (ended.error) fail(`${program} could not be started: ${ended.error.message}`);
  if (ended.status !== 0) process.exit(ended.status ?? 1);
}

function fail(message, code = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
