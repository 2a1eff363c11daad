import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { buildBinding, chosenVariant, findBindings, layoutOf, tryLoading } from '../../src/engine/binding.js';
import { engineWheels } from '../../src/engine/wheels.js';
import { cacheFolder } from '../../src/system/install/cache.js';
import { WorkError } from '../../src/system/errors.js';
import { makeWheel, offlinePip } from '../support/fake-wheel.js';
import { script, temporaryFolder } from '../support/temporary.js';
import { lofi } from '../support/lofi.js';

const quiet = () => undefined;
const hasWheels = engineWheels('tensorflow') !== undefined;

function put(file: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '');
  return file;
}

/** Sets variables of this process for one test. */
function setEnv(t: TestContext, values: NodeJS.ProcessEnv): void {
  const before = { ...process.env };
  Object.assign(process.env, values);
  t.after(() => {
    process.env = before;
  });
}

test('every wheel is pinned by version and hash, and there are none where TensorFlow has none', () => {
  const machines = ['linux-x64', 'linux-arm64', 'darwin-arm64'];
  const pinned = [
    ...machines.map((machine) => engineWheels('tensorflow', machine)),
    engineWheels('tensorflow-gpu', 'linux-x64'),
  ];
  for (const wheels of pinned) {
    assert.ok(wheels);
    assert.equal(wheels[0]?.version, '2.21.0');
    for (const wheel of wheels) assert.match(wheel.sha256, /^[0-9a-f]{64}$/);
  }
  assert.equal(engineWheels('tensorflow', 'win32-x64'), undefined);
  assert.equal(engineWheels('tensorflow', 'darwin-x64'), undefined);
  assert.equal(engineWheels('tensorflow-gpu', 'darwin-arm64'), undefined);
});

test("the user's own binding comes first, then the variant that was chosen last", { skip: !hasWheels }, (t) => {
  const [cache, packaged] = [temporaryFolder(t), temporaryFolder(t)];
  assert.deepEqual(findBindings(cache, packaged), []);
  const wheels = engineWheels('tensorflow')!;
  const cpu = put(path.join(layoutOf('tensorflow', cache, wheels)!.binding, 'tfjs_binding.node'));
  assert.deepEqual(findBindings(cache, packaged), [{ file: cpu, source: 'tensorflow' }]);
  const own = put(path.join(packaged, 'lib/napi-v8/tfjs_binding.node'));
  assert.deepEqual(findBindings(cache, packaged), [
    { file: own, source: 'own' },
    { file: cpu, source: 'tensorflow' },
  ]);
  writeFileSync(path.join(cache, 'engine'), 'tensorflow-gpu\n');
  assert.equal(chosenVariant(cache), 'tensorflow-gpu');
  const gpu = layoutOf('tensorflow-gpu', cache);
  if (gpu === undefined) return;
  const gpuFile = put(path.join(gpu.binding, 'tfjs_binding.node'));
  assert.deepEqual(
    findBindings(cache, packaged).map(({ file }) => file),
    [own, gpuFile, cpu],
  );
});

test('other wheels mean other folders', { skip: !hasWheels }, (t) => {
  const cache = temporaryFolder(t);
  const wheels = engineWheels('tensorflow')!;
  const now = layoutOf('tensorflow', cache, wheels)!;
  const other = layoutOf('tensorflow', cache, [{ ...wheels[0]!, sha256: '0'.repeat(64) }])!;
  assert.notEqual(other.libraries, now.libraries);
  assert.notEqual(other.binding, now.binding);
});

test('without g++ nothing is fetched and the message says what to install', { skip: !hasWheels }, async (t) => {
  const [cache, tools] = [temporaryFolder(t), temporaryFolder(t)];
  setEnv(t, { PATH: tools });
  await assert.rejects(
    buildBinding('tensorflow', quiet, cache),
    (error) => error instanceof WorkError && /^g\+\+ is missing\. Install it/.test(error.message),
  );
  assert.deepEqual(readdirSync(cache), []);
});

test('without wheels for this machine the message says that wasm is used', async (t) => {
  await assert.rejects(
    buildBinding('tensorflow', quiet, temporaryFolder(t), []),
    (error) => error instanceof WorkError && error.message.includes('wasm'),
  );
});

test('CUDA wheels lie in one folder like site-packages; a compiler error leaves no binding', async (t) => {
  const [cache, index, tools] = [temporaryFolder(t), temporaryFolder(t), temporaryFolder(t)];
  const wheels = [
    await makeWheel(index, 'demo-tensorflow', {
      'tensorflow/libtensorflow_cc.so.2': 'cc',
      'tensorflow/libtensorflow_framework.so.2': 'framework',
      'tensorflow/include/tensorflow/c/c_api.h': '',
      'tensorflow/include/unsupported/Eigen/Tensor': '',
      'tensorflow/python/keras.py': '',
    }),
    await makeWheel(index, 'demo-cublas', { 'nvidia/cublas/lib/libcublas.so.12': 'blas' }),
    await makeWheel(index, 'demo-nvcc', { 'nvidia/cuda_nvcc/bin/ptxas': '#!' }),
  ];
  script(tools, 'g++', 'echo "x.cc:1: error: no such thing" >&2; exit 1');
  setEnv(t, { ...offlinePip(index), PATH: [tools, process.env['PATH']].join(path.delimiter) });
  await assert.rejects(
    buildBinding('tensorflow-gpu', quiet, cache, wheels),
    (error) => error instanceof WorkError && /did not compile \(g\+\+: .*no such thing\)/.test(error.message),
  );
  const { libraries, binding } = layoutOf('tensorflow-gpu', cache, wheels)!;
  assert.deepEqual(readdirSync(cache), [path.basename(libraries)]);
  assert.equal(existsSync(binding), false);
  assert.deepEqual(readdirSync(libraries).sort(), ['nvidia', 'tensorflow']);
  assert.equal(readFileSync(path.join(libraries, 'nvidia/cublas/lib/libcublas.so.12'), 'utf8'), 'blas');
  assert.deepEqual(readdirSync(path.join(libraries, 'tensorflow/include')), ['tensorflow']);
  assert.equal(chosenVariant(cache), 'tensorflow');
});

test('a binding that does not load is refused in words', async (t) => {
  const file = put(path.join(temporaryFolder(t), 'broken.node'));
  await assert.rejects(
    tryLoading(file),
    (error) => error instanceof WorkError && /^TensorFlow does not load on this machine \(.+\)\.$/.test(error.message),
  );
});

const cpuLayout = layoutOf('tensorflow', cacheFolder());
const canBuild =
  cpuLayout !== undefined && existsSync(cpuLayout.libraries) && engineWheels('tensorflow-gpu') !== undefined;

test(
  'a tensorflow-gpu set-up on a machine without GPU computes on the CPU and warns',
  { skip: !canBuild },
  async (t) => {
    const cache = path.join(temporaryFolder(t), 'lofi-tal');
    // The CPU's libraries replace the gigabytes of CUDA: same names, same loader path, but no GPU is found.
    const gpu = layoutOf('tensorflow-gpu', cache)!;
    mkdirSync(gpu.libraries, { recursive: true });
    symlinkSync(path.join(cpuLayout!.libraries, 'tensorflow'), path.join(gpu.libraries, 'tensorflow'));
    const binding = await buildBinding('tensorflow-gpu', quiet, cache);
    assert.equal(binding.source, 'tensorflow-gpu');
    const ended = await lofi(['doctor', '--json'], { XDG_CACHE_HOME: path.dirname(cache), LOFI_ENGINE: 'tensorflow' });
    assert.equal(ended.code, 0);
    const { engine } = JSON.parse(ended.stdout) as { engine: { name: string; device: string } };
    assert.equal(engine.name, 'tensorflow');
    if (engine.device === 'cpu')
      assert.match(ended.stderr, /^warning: tensorflow-gpu is set up, but no usable GPU was found/m);
  },
);
