/** A label in one line: line breaks, tabs and control characters become a space, and none is at its ends. */
export function labelText(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

/**
 * A text of a table without the apostrophe that keeps spreadsheets from computing it: `'=a` was written for `=a`, as
 * `detectionsCsv` and people do.
 */
export function withoutApostrophe(text: string): string {
  return /^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text;
}
