/**
 * Makes text from a file fit for one line of an error: characters that move the cursor or reorder the line become
 * `?`, and long text is cut off.
 */
export function printable(text: string, length = 80): string {
  const clean = text.slice(0, length + 1).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return text.length > length ? `${clean.slice(0, length)}…` : clean;
}

/**
 * Control characters, which move the cursor or end the line, the characters that turn the direction of writing, and
 * halves of characters. Unlike {@link printable}, this leaves joiners and characters that Unicode does not know yet:
 * they occur in names of files.
 */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text as one line that is safe to print, whatever names are in it: other characters become `?`. */
export function lineOf(text: string): string {
  return text.replace(unprintable, '?');
}

/** Lines of text, each made safe as {@link lineOf} does it. */
export function linesOf(text: string): string {
  return text.split('\n').map(lineOf).join('\n');
}
