import type { BindingAttribute, TensorFacts } from './recorded.js';

/** A tensor as the binding hands it out. */
export interface OutputTensor extends TensorFacts {
  readonly id: number;
  readonly shape: number[];
}

/** The calls of TensorFlow.js's binding that make, use, read and free tensors. */
export interface TensorCalls {
  createTensor(shape: readonly number[], dtype: number, values: ArrayLike<unknown>): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    op: string,
    attributes: readonly BindingAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): OutputTensor[];
}

/** TensorFlow.js's binding, as far as capturing needs it. */
export interface NativeBinding extends TensorCalls {
  isUsingGpuDevice(): boolean;
  /** Makes an op of a graph (`graph-source.ts`); absent in a binding that was compiled without it. */
  defineFunction?(name: string, graph: Uint8Array, inputs: number, outputs: readonly number[]): void;
  removeFunction?(name: string): void;
  opDefinition?(op: string): Uint8Array;
  readonly usesOneDnn?: boolean;
}
