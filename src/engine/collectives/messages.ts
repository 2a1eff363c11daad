/** A message between ranks as bytes: JSON, in which infinities and NaN are written as `{"number": "NaN"}`. */
export function encodeMessage(message: unknown): Uint8Array {
  return Buffer.from(
    JSON.stringify(message, (_, value: unknown) =>
      typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value,
    ),
  );
}

/** The message of {@link encodeMessage}. */
export function decodeMessage(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString(), (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'number' in value && Object.keys(value).length === 1
      ? Number(value.number)
      : value,
  ) as unknown;
}
