/** Text out of a file, fit for one line of an error: what moves the cursor or reorders the line becomes `?`, long text is cut. */
export function printable(text: string, length = 80): string {
  const clean = text.slice(0, length + 1).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return text.length > length ? `${clean.slice(0, length)}…` : clean;
}
