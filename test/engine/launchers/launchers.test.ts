import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCluster, firstPort, rankSeconds } from '../../../src/engine/launchers/find-cluster.js';
import { expandNodes, expandTasks } from '../../../src/engine/launchers/slurm.js';
import { UsageError } from '../../../src/system/errors.js';

const refused = (env: NodeJS.ProcessEnv, message: RegExp) => {
  assert.throws(
    () => findCluster(env),
    (error) => error instanceof UsageError && message.test(error.message),
  );
};

test('TF_CONFIG: a chief is rank 0, workers follow; one process alone is no cluster', () => {
  const cluster = { chief: ['a:1'], worker: ['b:2', 'c:3'] };
  const of = (task: object, more: object = cluster) => ({ TF_CONFIG: JSON.stringify({ cluster: more, task }) });
  const addresses = ['a:1', 'b:2', 'c:3'];
  assert.deepEqual(findCluster(of({ type: 'chief', index: 0 })), { rank: 0, addresses, launcher: 'TF_CONFIG' });
  assert.deepEqual(findCluster(of({ type: 'worker', index: 1 })), { rank: 2, addresses, launcher: 'TF_CONFIG' });
  const workers = findCluster(of({ type: 'worker', index: 1 }, { worker: ['b:2', 'c:3'] }));
  assert.deepEqual(workers, { rank: 1, addresses: ['b:2', 'c:3'], launcher: 'TF_CONFIG' });
  assert.equal(findCluster(of({ type: 'worker', index: 0 }, { worker: ['b:2'] })), null);
  refused(of({ type: 'worker', index: 2 }), /there is no worker 2/);
  refused(of({ type: 'ps', index: 0 }), /^TF_CONFIG: task\.type: /);
  refused(of({ type: 'worker', index: 0 }, { worker: ['b:2', 'b:2'] }), /b:2 is there twice/);
  refused(of({ type: 'worker', index: 0 }, { worker: ['b', 'c'] }), /cluster\.worker\.0/);
  refused({ TF_CONFIG: '{' }, /not JSON/);
});

test('Slurm: lists of nodes and of tasks, by hand', () => {
  assert.deepEqual(expandNodes('n[08-10],gpu2'), ['n08', 'n09', 'n10', 'gpu2']);
  assert.deepEqual(expandNodes('a[1,3-4]b,c'), ['a1b', 'a3b', 'a4b', 'c']);
  assert.deepEqual(expandNodes('r[1-2]n[01-02]'), ['r1n01', 'r1n02', 'r2n01', 'r2n02']);
  assert.deepEqual(expandNodes('node-7.cluster'), ['node-7.cluster']);
  for (const wrong of ['', 'n[3-1]', 'n[a]', 'n[1', 'a,,b']) assert.throws(() => expandNodes(wrong), UsageError, wrong);
  assert.deepEqual(expandTasks('2,1(x3)'), [2, 1, 1, 1]);
  for (const wrong of ['', '2(x', 'two']) assert.throws(() => expandTasks(wrong), UsageError, wrong);
});

test('Slurm: tasks of a node have ports that follow each other; outside of a step there is no cluster', () => {
  const step = {
    SLURM_PROCID: '2',
    SLURM_NTASKS: '8',
    SLURM_STEP_NUM_TASKS: '3',
    SLURM_STEP_NODELIST: 'n[1-2]',
    SLURM_STEP_TASKS_PER_NODE: '2,1',
  };
  const addresses = ['n1:5000', 'n1:5001', 'n2:5000'];
  assert.deepEqual(findCluster({ ...step, LOFI_PORT: '5000' }), { rank: 2, addresses, launcher: 'Slurm' });
  assert.equal(findCluster({ SLURM_PROCID: '0', SLURM_NTASKS: '4', SLURM_JOB_NODELIST: 'n[1-4]' }), null);
  assert.equal(findCluster({ ...step, SLURM_STEP_NUM_TASKS: '1' }), null);
  refused({ ...step, SLURM_STEP_TASKS_PER_NODE: '2' }, /^Slurm: 3 tasks on 2 nodes/);
  refused({ ...step, SLURM_DISTRIBUTION: 'cyclic' }, /--distribution=block/);
});

test('Kubernetes: pods of an Indexed Job behind a headless service', () => {
  const pod = { JOB_COMPLETION_INDEX: '1', LOFI_RANKS: '2', LOFI_SERVICE: 'lofi', HOSTNAME: 'train-me-1' };
  const addresses = ['train-me-0.lofi:41700', 'train-me-1.lofi:41700'];
  assert.deepEqual(findCluster(pod), { rank: 1, addresses, launcher: 'Kubernetes' });
  assert.equal(findCluster({ ...pod, LOFI_RANKS: undefined }), null);
  refused({ ...pod, LOFI_SERVICE: undefined }, /set LOFI_SERVICE/);
  refused({ ...pod, HOSTNAME: 'train-me-x7f' }, /completionMode Indexed/);
  refused({ ...pod, LOFI_RANKS: '1' }, /pod 1 of LOFI_RANKS=1/);
});

test('mpirun and torchrun: on one machine; on several they do not tell enough', () => {
  const mpi = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '2', OMPI_COMM_WORLD_LOCAL_SIZE: '2' };
  const local = { rank: 1, addresses: ['127.0.0.1:6000', '127.0.0.1:6001'], launcher: 'mpirun or torchrun' };
  assert.deepEqual(findCluster({ ...mpi, LOFI_PORT: '6000' }), local);
  refused({ ...mpi, OMPI_COMM_WORLD_LOCAL_SIZE: '1' }, /^mpirun: 2 processes, 1 of them on this machine.*TF_CONFIG/);
  const torch = { RANK: '1', WORLD_SIZE: '2', LOCAL_WORLD_SIZE: '2', LOFI_PORT: '6000' };
  assert.deepEqual(findCluster(torch), local);
  refused({ ...torch, LOCAL_WORLD_SIZE: undefined }, /an unknown number/);
  assert.equal(findCluster({ RANK: '0' }), null);
  assert.equal(findCluster({ ...mpi, OMPI_COMM_WORLD_SIZE: '1' }), null);
});

test('numbers of variables are whole', () => {
  assert.equal(firstPort({}), 41_700);
  assert.equal(rankSeconds({ LOFI_RANK_SECONDS: '5' }), 5);
  for (const wrong of ['0', 'x', '1.5', '100000'])
    assert.throws(() => rankSeconds({ LOFI_RANK_SECONDS: wrong }), UsageError, wrong);
});
