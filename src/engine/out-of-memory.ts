/**
 * Whether an error of the engine means that a tensor does not fit into memory: TensorFlow's status 8, or
 * a wasm heap that cannot grow.
 */
export function isOutOfMemory(error: unknown): boolean {
  return (
    error instanceof Error &&
    /\bOOM when allocating\b|TF_Status: 8\b|std::bad_alloc|Cannot enlarge memory/.test(error.message)
  );
}
