/**
 * Makes text from a file fit for one line of an error: characters that move the cursor or reorder the line become
 * `?`, and long text is cut off.
 */
export function printable(text: string, length = 80): string {
  const clean = text.slice(0, length + 1).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return text.length > length ? `${clean.slice(0, length)}…` : clean;
}
