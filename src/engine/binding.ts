import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cacheFolder, installFolder } from '../system/install/cache.js';
import { WorkError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files.js';
import { findProgram, runProgram } from '../system/programs.js';
import { installWheels, lastLine, type Wheel } from '../system/install/wheel.js';
import { engineWheels, type Variant } from './wheels.js';

const require = createRequire(import.meta.url);

/** Members of the wheels that are needed: the two libraries, the C API's headers, and all of CUDA. */
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
/** Node resolves Node-API symbols when the binding is loaded; Apple's linker wants to be told. */
const LINK = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
/**
 * Compiled in beside the package's sources: the thread that loads the binding, and TensorFlow's that it starts, leave handled signals to
 * Node's other threads. On processors without AVX-512 TensorFlow's matrix product keeps values below the stack pointer, where a signal
 * that comes in the midst of it writes: a Ctrl-C, or the end of an ffmpeg, would corrupt memory.
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
 * A library of its own, since it must act before TensorFlow's are initialised: those tell of oneDNN then, on processors with AVX-512, whatever
 * TF_CPP_MIN_LOG_LEVEL says. Of libraries that do not need each other the one that is linked last is initialised first (glibc); where it is not, or the
 * library's Abseil is of another release than this name of it, that line is printed and nothing else is different.
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

/** A compiled binding of TensorFlow.js to TensorFlow's C API: the `.node` file, and where it came from. */
export interface Binding {
  readonly file: string;
  /** `own`: put into node_modules by the user or by tfjs-node-gpu's own installer. */
  readonly source: Variant | 'own';
}

/** The folders in the cache that belong to a variant. Their names say what they were made from. */
export interface Layout {
  readonly wheels: readonly Wheel[];
  readonly libraries: string;
  readonly binding: string;
}

/** All bindings that are there, best first: the user's own, then the variant that set-up was last asked for. */
export function findBindings(cache = cacheFolder(), packaged = packageFolder()): Binding[] {
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

/** The variant that `lofi setup --engine` was last asked for; TensorFlow for the processor when it never was. */
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
 * Makes a variant ready in the cache and chooses it: fetches and unpacks its wheels, compiles the binding that
 * `@tensorflow/tfjs-node-gpu` ships as source, and loads it once in another process. What is there already is kept.
 *
 * Call it under the set-up lock. `say` gets a line for each slow step. Throws {@link WorkError} saying what is missing.
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

/** Where a variant's folders are or would be; undefined when this machine has no wheels for it. */
export function layoutOf(variant: Variant, cache: string, wheels = engineWheels(variant)): Layout | undefined {
  const first = wheels?.[0];
  if (wheels === undefined || first === undefined) return undefined;
  const fetched = createHash('sha256')
    .update(wheels.map((wheel) => wheel.sha256).join(' '))
    .update(NEEDED.join(' '));
  const libraries = `${variant}-${first.version}-${fetched.digest('hex').slice(0, 12)}`;
  const built = createHash('sha256').update(
    [libraries, headersVersion(), ...COMPILE, ...LINK, SIGNALS, QUIET].join(' '),
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
  const signals = path.join(path.dirname(out), 'signals.cc');
  writeFileSync(signals, SIGNALS);
  await compiled(compiler, [
    ...COMPILE,
    ...['-I', headers, '-I', path.join(tensorflow, 'include')],
    ...sources('.cc'),
    signals,
    ...['cc', 'framework'].map((name) => path.join(tensorflow, `libtensorflow_${name}.${LIBRARY_ENDING}`)),
    // Relative, so that the cache can be moved, and staged under another name.
    `-Wl,-rpath,${ORIGIN}/../${path.basename(libraries)}/tensorflow`,
    ...(process.platform === 'linux' ? await quietLibrary(compiler, path.dirname(out)) : []),
    ...LINK,
    ...['-o', out],
  ]);
}

/** Compiles {@link QUIET} into a folder. Gives what a library beside it is linked with. */
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
 * Loads a binding in another process: a library that crashes here must not take this one with it, nor pass as installed.
 * Throws {@link WorkError} with the loader's words.
 */
export async function tryLoading(file: string): Promise<void> {
  const ended = await runProgram(process.execPath, ['-e', 'require(process.argv[1]).TF_Version.length', file], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  if (ended.code !== 0) {
    throw new WorkError(`TensorFlow does not load on this machine (${lastLine(ended.stderr, /^Error: /)}).`);
  }
}

/** The binding's source files whose names end so, in a fixed order. */
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
