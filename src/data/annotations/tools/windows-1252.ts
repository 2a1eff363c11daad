/** What Windows-1252 has from 0x80 to 0x9f, where Latin-1 has control characters. A space: nothing. */
const letters = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

/**
 * The text of bytes in Windows-1252. (The `TextDecoder` of some versions of Node takes it for Latin-1.) Bytes that it
 * does not have stay what they are in Latin-1.
 */
export function fromWindows1252(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('latin1')
    .replace(/[\u0080-\u009f]/g, (control) => {
      const letter = letters[control.charCodeAt(0) - 0x80]!;
      return letter === ' ' ? control : letter;
    });
}

/** Whether an encoding of this name is read as Windows-1252, as browsers do. */
export function isWindows1252(name: string): boolean {
  return /^(windows-1252|cp1252|iso[-_]?8859-1|latin-?1|us-ascii|ascii)$/i.test(name);
}
