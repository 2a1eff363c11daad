/** True for what the engine throws when a tensor does not fit into memory: TensorFlow's status 8, or a heap of wasm that cannot grow. */
export function isOutOfMemory(error: unknown): boolean {
  return (
    error instanceof Error &&
    /\bOOM when allocating\b|TF_Status: 8\b|std::bad_alloc|Cannot enlarge memory/.test(error.message)
  );
}
