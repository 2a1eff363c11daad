import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError, WorkError } from '../system/errors.js';
import { withoutNewListeners } from '../system/listeners.js';
import { findBindings, type Binding } from './binding.js';
import { withCapture } from './capture/capture.js';
import type { NativeBinding } from './capture/native-binding.js';
import { withinCluster, type Cluster } from './collectives/cluster.js';
import { say } from '../system/say.js';

const require = createRequire(import.meta.url);

/** The engine that computes. It is stored in manifests, so it contains no paths of this machine. */
export interface EngineInfo {
  readonly name: 'tensorflow' | 'wasm';
  /** Version of TensorFlow or of the wasm backend. */
  readonly version: string;
  readonly device: 'cpu' | 'gpu';
  /** Number of threads that one operation may use. */
  readonly threads: number;
}

let started: Promise<EngineInfo> | undefined;

/**
 * Starts the TensorFlow.js backend and makes it the current one: native TensorFlow if there is a binding,
 * otherwise wasm with a warning on stderr. `LOFI_ENGINE=tensorflow|wasm` forces one. Later calls return
 * the result of the first one.
 *
 * @throws UsageError when `LOFI_ENGINE` has another value; WorkError when the forced engine cannot start.
 */
export function startEngine(wanted = wantedEngine()): Promise<EngineInfo> {
  started ??= start(wanted);
  return started;
}

/**
 * Starts native TensorFlow as one of several processes that compute together. Must be called before
 * {@link startEngine}, which then returns the same engine.
 *
 * @throws UsageError with an engine that cannot do it; WorkError when it cannot start, as when the port is taken.
 */
export function startEngineIn(cluster: Cluster, wanted = wantedEngine()): Promise<EngineInfo> {
  if (started) throw new Error('the engine runs already');
  started = startRank(cluster, wanted);
  return started;
}

/**
 * The binding by which several processes can compute together.
 *
 * @throws UsageError saying why there is none.
 */
export function bindingForRanks(wanted = wantedEngine()): Binding {
  const alone = (why: string) => new UsageError(`${why}: train with one process, or run lofi setup.`);
  if (wanted === 'wasm') throw alone('the wasm engine cannot compute with other processes (LOFI_ENGINE=wasm)');
  const [binding] = findBindings();
  if (!binding) throw alone('several processes need native TensorFlow, which is not set up');
  if (binding.source === 'own')
    throw alone(`the binding in node_modules (${binding.file}) cannot compute with other processes`);
  return binding;
}

async function startRank(cluster: Cluster, wanted: EngineInfo['name'] | undefined): Promise<EngineInfo> {
  const binding = bindingForRanks(wanted);
  tf.env().set('PROD', true);
  const address = cluster.addresses[cluster.rank]!;
  try {
    return await withinCluster(cluster, () => startTensorFlow(binding));
  } catch (error) {
    const [why = ''] = (error as Error).message.split('\n');
    throw new WorkError(
      `rank ${cluster.rank} cannot start TensorFlow at ${address} (${why}): is its port taken by another process?`,
    );
  }
}

/**
 * The engine that `LOFI_ENGINE` asks for, or undefined.
 *
 * @throws UsageError when the variable names no engine.
 */
export function wantedEngine(env = process.env): EngineInfo['name'] | undefined {
  const wanted = env['LOFI_ENGINE'];
  if (wanted === undefined || wanted === '') return undefined;
  if (wanted === 'tensorflow' || wanted === 'wasm') return wanted;
  throw new UsageError(`LOFI_ENGINE=${wanted} is not an engine. Set it to tensorflow or wasm, or leave it unset.`);
}

async function start(wanted: EngineInfo['name'] | undefined): Promise<EngineInfo> {
  // In this mode tfjs does not announce that other backends exist. Warnings about deprecated calls stay.
  tf.env().set('PROD', true);
  if (wanted === 'wasm') return startWasm();
  const failures: string[] = [];
  for (const binding of findBindings()) {
    try {
      return await startTensorFlow(binding);
    } catch (error) {
      failures.push(`${binding.file}: ${(error as Error).message.split('\n')[0] ?? ''}`);
    }
  }
  const why =
    failures.length === 0
      ? 'native TensorFlow is not set up'
      : `native TensorFlow does not load (${failures.join('; ')})`;
  if (wanted === 'tensorflow') throw new WorkError(`${why}. Run lofi setup, or unset LOFI_ENGINE.`);
  say(`warning: ${why}: using the wasm engine, about ten times SLOWER. lofi setup builds the native one.`);
  return startWasm();
}

async function startTensorFlow({ file, source }: Binding): Promise<EngineInfo> {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  keepMemory(process.env);
  const binding = withCapture(require(file) as NativeBinding & { TF_Version: string });
  require('@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js');
  const { NodeJSKernelBackend } = require('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js') as {
    NodeJSKernelBackend: new (binding: unknown, packageName: string) => tf.KernelBackend;
  };
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu'), 3);
  if (!(await tf.setBackend('tensorflow'))) throw new Error('the TensorFlow.js backend did not start');
  const device = binding.isUsingGpuDevice() ? 'gpu' : 'cpu';
  if (source === 'tensorflow-gpu' && device === 'cpu') {
    say('warning: tensorflow-gpu is set up, but no usable GPU was found: computing on the CPU.');
  }
  return { name: 'tensorflow', version: binding.TF_Version, device, threads: tensorFlowThreads() };
}

/**
 * Makes TensorFlow keep the memory of freed tensors and reuse it. By default it returns large blocks to the system,
 * which then has to clear their pages again, and that takes several times as long as most operations. TensorFlow reads
 * these variables when it allocates for the first time.
 */
function keepMemory(env: NodeJS.ProcessEnv): void {
  env['TF_CPU_ALLOCATOR_USE_BFC'] ??= 'true';
  // TensorFlow's default limit is 64 GiB.
  env['TF_CPU_BFC_MEM_LIMIT_IN_MB'] ??= String(Math.floor(os.totalmem() / 2 ** 20));
}

/**
 * Number of threads that TensorFlow uses: as many as this process may use processors, unless
 * TensorFlow's own variable sets it.
 */
function tensorFlowThreads(): number {
  const set = Number(process.env['TF_NUM_INTRAOP_THREADS']);
  return Number.isInteger(set) && set > 0 ? set : os.availableParallelism();
}

async function startWasm(): Promise<EngineInfo> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  // Registers the gradients of tfjs's ops, which the core's bundle for Node leaves out
  // (tfjs-node registers them itself).
  require('@tensorflow/tfjs-layers');
  wasm.setWasmPaths(path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), path.sep));
  const ready = await withoutNewListeners(['uncaughtException', 'unhandledRejection'], () => tf.setBackend('wasm'));
  if (!ready) throw new WorkError('the wasm engine did not start: node_modules is damaged, run npm ci.');
  return { name: 'wasm', version: wasm.version_wasm, device: 'cpu', threads: wasm.getThreadsCount() };
}
