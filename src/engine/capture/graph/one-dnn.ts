/** Ops whose kernels of oneDNN keep the name of the op (GetMklNativeOpName in mkl_graph_util.h). */
const plainNames = ['BatchMatMul', 'BatchMatMulV2', 'Einsum', 'MatMul'];
/** The other ops that TensorFlow hands to oneDNN when they are called one by one (mkl_eager_op_rewrite.cc). */
const nativeNames = [
  ...['AvgPool', 'AvgPoolGrad', 'AvgPool3D', 'AvgPool3DGrad'],
  ...['Conv2D', 'Conv2DBackpropFilter', 'Conv2DBackpropInput'],
  ...['Conv3D', 'Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2'],
  ...['DepthwiseConv2dNative', 'DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'],
  ...['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'],
  ...['FusedBatchNormGrad', 'FusedBatchNormGradV2', 'FusedBatchNormGradV3'],
];
const kernels = new Map([
  ...plainNames.map((op) => [op, `_Mkl${op}`] as const),
  ...nativeNames.map((op) => [op, `_MklNative${op}`] as const),
]);

/**
 * Whether an op must be called by itself on a processor where oneDNN is used: called so, it runs TensorFlow's own
 * kernel, but in a graph TensorFlow replaces it by one of oneDNN's (mkl_layout_pass.cc), which has other bits.
 */
export function differsInGraph(op: string, padding: () => unknown): boolean {
  if (op.startsWith('MaxPool')) return padding() !== 'EXPLICIT';
  return op === 'Softmax' || op.startsWith('_Fused');
}

/** DT_FLOAT. */
const float32 = 1;

/** What decides whether oneDNN does an op. */
export interface OpTraits {
  /** The element type `T`, by TensorFlow's number; undefined where the op has none. */
  readonly type: number | undefined;
  /** The attribute `padding`. */
  readonly padding: unknown;
  /** The rank of the first input. */
  readonly rank: number;
}

/**
 * The op that TensorFlow runs in place of `op` when it is called by itself, on a processor where oneDNN is used; null
 * where it runs `op` itself. In a graph TensorFlow would choose by other rules, and merge some with their neighbours.
 *
 * @throws Error for element types for which the choice depends on the processor.
 */
export function oneDnnKernel(op: string, { type, padding, rank }: OpTraits): string | null {
  const kernel = kernels.get(op);
  if (kernel === undefined) return null;
  if (type !== float32) throw new Error(`${op} of type ${String(type)} cannot be captured beside oneDNN`);
  if (op.includes('Backprop') && padding === 'EXPLICIT') return null;
  if (op.startsWith('FusedBatchNorm') && op.endsWith('V3') && rank === 5) return null;
  return kernel;
}
