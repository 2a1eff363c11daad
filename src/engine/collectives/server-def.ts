import { ProtoWriter } from '../protobuf.js';

/** TensorFlow's name of the process of a rank. */
export const taskOf = (rank: number): string => `/job:worker/replica:0/task:${rank}`;

/**
 * A serialised ServerDef (tensorflow/core/protobuf/tensorflow_server.proto): the addresses `host:port` of all ranks in
 * their order, and which of them this process is.
 */
export function serverDef(addresses: readonly string[], rank: number): Uint8Array {
  const job = new ProtoWriter().field(1, 'worker');
  addresses.forEach((address, task) => {
    job.field(2, new ProtoWriter().integer(1, task).field(2, address));
  });
  const config = new ProtoWriter().field(16, new ProtoWriter().field(1, taskOf(0)));
  return new ProtoWriter()
    .field(1, new ProtoWriter().field(1, job))
    .field(2, 'worker')
    .integer(3, rank)
    .field(4, config)
    .field(5, 'grpc')
    .finish();
}
