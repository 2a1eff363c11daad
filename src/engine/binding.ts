import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cacheFolder, installFolder, requireOwnCache } from '../system/install/cache.js';
import { WorkError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files/files.js';
import { findProgram, runProgram } from '../system/programs.js';
import { installWheels, lastLine, type Wheel } from '../system/install/wheel.js';
import { graphRenames, graphSource } from './capture/graph/graph-source.js';
import { ranksSource } from './collectives/ranks-source.js';
import { engineWheels, type Variant } from './wheels.js';

const require = createRequire(import.meta.url);

/** The members of the wheels that are needed: the two libraries, the headers of the C API, and all of CUDA. */
const NEEDED = [
  'tensorflow/libtensorflow_cc.',
  'tensorflow/libtensorflow_framework.',
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring',
  'tensorflow/include/tsl/platform/ctstring',
  'tensorflow/include/xla/tsl/c/',
  'nvidia/',
];
const COMPILE = ['-std=c++17', '-O2', '-shared', '-fPIC', '-DNAPI_VERSION=8'];
/** Node resolves the symbols of Node-API when it loads the binding, which Apple's linker must be told. */
const LINK = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
/**
 * Compiled in with the package's sources. The thread that loads the binding blocks the signals that Node handles, and
 * TensorFlow's threads inherit this, so that Node's other threads receive them. On processors without AVX-512
 * TensorFlow's matrix product keeps values below the stack pointer, where a signal during the product would overwrite
 * them: Ctrl-C, or the end of an ffmpeg, would corrupt memory.
 */
const SIGNALS = `#include <pthread.h>
#include <signal.h>
__attribute__((constructor)) static void leaveSignalsToOthers() {
  sigset_t signals;
  sigemptyset(&signals);
  const int left[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGALRM, SIGWINCH, SIGUSR2};
  for (int signal : left) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}
`;
/**
 * Suppresses the notice about oneDNN, which TensorFlow's libraries print on processors with AVX-512 while they
 * are initialised, whatever TF_CPP_MIN_LOG_LEVEL says. It is a library of its own, because it must run before
 * they are initialised: of libraries that do not need each other, glibc initialises the one that is linked last
 * first. Where this order differs, or the library's Abseil is of another release than the one named here, the
 * notice is printed and nothing else changes.
 */
const QUIET = `#include <cstdlib>
namespace absl {
inline namespace lts_20250814 {
enum class LogSeverityAtLeast : int { kError = 2 };
__attribute__((weak)) void SetMinLogLevel(LogSeverityAtLeast);
}
}
__attribute__((constructor)) static void logErrorsOnly() {
  const char *level = getenv("TF_CPP_MIN_LOG_LEVEL");
  if (level && atoi(level) >= 2 && absl::SetMinLogLevel) absl::SetMinLogLevel(absl::LogSeverityAtLeast::kError);
}
`;
const LIBRARY_ENDING = process.platform === 'darwin' ? '2.dylib' : 'so.2';
const ORIGIN = process.platform === 'darwin' ? '@loader_path' : '$ORIGIN';

/** A compiled binding of TensorFlow.js to TensorFlow's C API: the `.node` file and its origin. */
export interface Binding {
  readonly file: string;
  /** `own`: put into node_modules by the user or by tfjs-node-gpu's own installer. */
  readonly source: Variant | 'own';
}

/** The cache folders of a variant. Their names contain a hash of what they were made from. */
export interface BindingLayout {
  readonly wheels: readonly Wheel[];
  readonly libraries: string;
  readonly binding: string;
}

/**
 * All existing bindings, best first: the user's own, then the variant that was last set up.
 *
 * @throws WorkError when others may have put something into the cache folder.
 */
export function findBindings(cache = cacheFolder(), packaged = packageFolder()): Binding[] {
  requireOwnCache(cache);
  const found: Binding[] = [];
  const own = path.join(packaged, 'lib', 'napi-v8', 'tfjs_binding.node');
  if (existsSync(own)) found.push({ file: own, source: 'own' });
  const chosen = chosenVariant(cache);
  for (const variant of new Set<Variant>([chosen, 'tensorflow'])) {
    const layout = layoutOf(variant, cache);
    if (layout && existsSync(layout.binding))
      found.push({ file: path.join(layout.binding, 'tfjs_binding.node'), source: variant });
  }
  return found;
}

/** The variant that `lofi setup --engine` was last asked for; by default TensorFlow for the CPU. */
export function chosenVariant(cache = cacheFolder()): Variant {
  try {
    return readFileSync(path.join(cache, 'engine'), 'utf8').trim() === 'tensorflow-gpu'
      ? 'tensorflow-gpu'
      : 'tensorflow';
  } catch {
    return 'tensorflow';
  }
}

/**
 * Sets up a variant in the cache and makes it the chosen one: fetches and unpacks its wheels, compiles the binding that
 * `@tensorflow/tfjs-node-gpu` ships as source, and loads it once in another process. Parts that exist already are kept.
 * It must be called under the set-up lock.
 *
 * @param say - Receives a line for each slow step.
 * @throws WorkError saying what is missing.
 */
export async function buildBinding(
  variant: Variant,
  say: (line: string) => void,
  cache = cacheFolder(),
  wheels = engineWheels(variant),
): Promise<Binding> {
  const layout = layoutOf(variant, cache, wheels);
  if (layout === undefined) {
    throw new WorkError(
      `there is no TensorFlow library for ${variant} on ${process.platform}-${process.arch}: the wasm engine is used.`,
    );
  }
  const compiler = findProgram('g++');
  if (compiler === undefined && !existsSync(layout.binding)) {
    throw new WorkError('g++ is missing. Install it (Debian/Ubuntu: apt install g++; macOS: xcode-select --install).');
  }
  await installFolder(layout.libraries, async (staging) => {
    say(`engine: fetching ${layout.wheels.map((wheel) => `${wheel.project} ${wheel.version}`).join(', ')}`);
    await installWheels(staging, layout.wheels, NEEDED);
  });
  await installFolder(layout.binding, async (staging) => {
    say('engine: compiling the TensorFlow.js binding (about 15 s)');
    const file = path.join(staging, 'tfjs_binding.node');
    await compile(compiler!, layout.libraries, file);
    await tryLoading(file);
  });
  writeFileAtomic(path.join(cache, 'engine'), `${variant}\n`);
  return { file: path.join(layout.binding, 'tfjs_binding.node'), source: variant };
}

/** The folders of a variant, whether they exist or not; undefined when this machine has no wheels for it. */
export function layoutOf(variant: Variant, cache: string, wheels = engineWheels(variant)): BindingLayout | undefined {
  const first = wheels?.[0];
  if (wheels === undefined || first === undefined) return undefined;
  const fetched = createHash('sha256')
    .update(wheels.map((wheel) => wheel.sha256).join(' '))
    .update(NEEDED.join(' '));
  const libraries = `${variant}-${first.version}-${fetched.digest('hex').slice(0, 12)}`;
  const built = createHash('sha256').update(
    [
      ...[libraries, headersVersion(), ...COMPILE, ...LINK, SIGNALS, QUIET],
      ...[...graphRenames, graphSource, ranksSource],
    ].join(' '),
  );
  for (const file of sources('')) built.update(readFileSync(file));
  return {
    wheels,
    libraries: path.join(cache, libraries),
    binding: path.join(cache, `binding-${built.digest('hex').slice(0, 12)}`),
  };
}

async function compile(compiler: string, libraries: string, out: string): Promise<void> {
  const tensorflow = path.join(libraries, 'tensorflow');
  const headers = path.join(path.dirname(require.resolve('node-api-headers/package.json')), 'include');
  const own = Object.entries({ signals: SIGNALS, graph: graphSource, ranks: ranksSource }).map(([name, source]) => {
    const file = path.join(path.dirname(out), `${name}.cc`);
    writeFileSync(file, source);
    return file;
  });
  await compiled(compiler, [
    ...COMPILE,
    ...graphRenames,
    ...['-I', headers, '-I', path.join(tensorflow, 'include')],
    ...sources('.cc'),
    ...own,
    ...['cc', 'framework'].map((name) => path.join(tensorflow, `libtensorflow_${name}.${LIBRARY_ENDING}`)),
    // The path is relative, so that the cache can be moved and the folder staged under another name.
    `-Wl,-rpath,${ORIGIN}/../${path.basename(libraries)}/tensorflow`,
    ...(process.platform === 'linux' ? await quietLibrary(compiler, path.dirname(out)) : []),
    ...LINK,
    ...['-o', out],
  ]);
}

/** Compiles {@link QUIET} into a folder. Returns the linker's arguments for a library in the same folder. */
async function quietLibrary(compiler: string, folder: string): Promise<string[]> {
  const [source, library] = ['quiet.cc', 'libquiet.so'].map((name) => path.join(folder, name)) as [string, string];
  writeFileSync(source, QUIET);
  await compiled(compiler, [...COMPILE, source, '-Wl,-soname,libquiet.so', '-o', library]);
  return ['-Wl,--no-as-needed', library, `-Wl,-rpath,${ORIGIN}`];
}

async function compiled(compiler: string, args: string[]): Promise<void> {
  const ended = await runProgram(compiler, args);
  if (ended.code !== 0) {
    throw new WorkError(`the TensorFlow.js binding did not compile (g++: ${lastLine(ended.stderr, /error: /)}).`);
  }
}

/**
 * Loads a binding in another process, so that a library that crashes neither ends this process nor counts as installed.
 *
 * @throws WorkError with the loader's message.
 */
export async function tryLoading(file: string): Promise<void> {
  const ended = await runProgram(process.execPath, ['-e', 'require(process.argv[1]).TF_Version.length', file], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  if (ended.code !== 0) {
    throw new WorkError(`TensorFlow does not load on this machine (${lastLine(ended.stderr, /^Error: /)}).`);
  }
}

/** The binding's source files with this ending, in a fixed order. */
function sources(ending: string): string[] {
  const folder = path.join(packageFolder(), 'binding');
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => path.join(folder, name));
}

function packageFolder(): string {
  return path.dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'));
}

function headersVersion(): string {
  return (require('node-api-headers/package.json') as { version: string }).version;
}
