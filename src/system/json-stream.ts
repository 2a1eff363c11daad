import { isUtf8 } from 'node:buffer';
import { readSync } from 'node:fs';
import { UsageError } from './errors.js';
import { withFile } from './files/regular-file.js';
import { printable } from './printable.js';

const WINDOW_BYTES = 1 << 20;
const MAX_DEPTH = 1000;
/** The longest string or number. */
const MAX_TOKEN_BYTES = 1 << 24;
const INTERNED = 1 << 12;
/**
 * The powers of ten that doubles represent exactly. Multiplying or dividing a number of at most 53
 * bits by one rounds only once.
 */
const TENS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const [TAB, NEWLINE, RETURN, SPACE, QUOTE, BACKSLASH] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x5c] as const;
const [COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x2c, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d,
] as const;
const [PLUS, MINUS, POINT, ZERO, NINE, LARGE_E, SMALL_E] = [0x2b, 0x2d, 0x2e, 0x30, 0x39, 0x45, 0x65] as const;

/**
 * Reads a JSON file from front to back, a megabyte at a time, so that neither memory nor the maximum length of
 * JavaScript's strings limits its size.
 *
 * @param what - What the file should be, for messages.
 * @param read - Reads the whole document.
 * @throws UsageError naming the file, and the line where it is not JSON.
 */
export function streamJson<T>(file: string, what: string, read: (json: JsonStream) => T): T {
  return withFile(file, what, ({ fd }) => {
    const json = new JsonStream(fd, file, what);
    const result = read(json);
    json.finish();
    return result;
  });
}

/**
 * The unread rest of a JSON file. Each method reads one kind of value; if another kind comes next, it reads nothing
 * and returns false or undefined.
 */
export class JsonStream {
  // Bytes [at, end) are unread. A 0 follows them, which JSON cannot contain, so every scan ends there.
  private window = Buffer.alloc(WINDOW_BYTES + 1);
  private at = 0;
  private end = 0;
  private depth = 0;
  private newlines = 0;
  private readonly interned = new Array<string>(INTERNED).fill('');

  constructor(
    private readonly descriptor: number,
    private readonly file: string,
    private readonly what: string,
  ) {
    this.more();
    // Some editors begin a file with a byte order mark.
    if (this.window[0] === 0xef && this.window[1] === 0xbb && this.window[2] === 0xbf) this.at = 3;
  }

  /** The line number, from 1, of the next value. */
  get line(): number {
    this.next();
    return 1 + this.newlines;
  }

  /** Reads an object. `member` must read the value of each key; repeated keys are reported each time. */
  object(member: (key: string) => void): boolean {
    if (this.next() !== OPEN_OBJECT) return false;
    this.enter();
    if (this.next() !== CLOSE_OBJECT) {
      do {
        const key = this.text();
        if (key === undefined || this.next() !== COLON) throw this.notJson();
        this.at++;
        member(key);
      } while (this.comma());
    }
    this.leave(CLOSE_OBJECT);
    return true;
  }

  /** Reads an array. `item` must read each value. */
  array(item: (index: number) => void): boolean {
    if (this.next() !== OPEN_ARRAY) return false;
    this.enter();
    if (this.next() !== CLOSE_ARRAY) {
      let index = 0;
      do item(index++);
      while (this.comma());
    }
    this.leave(CLOSE_ARRAY);
    return true;
  }

  /** Reads a string. */
  text(): string | undefined {
    if (this.next() !== QUOTE) return undefined;
    for (;;) {
      const { window } = this;
      let at = this.at + 1;
      let plain = true;
      let hash = 0;
      for (let byte = window[at]!; byte !== QUOTE && byte >= SPACE; byte = window[++at]!) {
        hash = (hash * 31 + byte) | 0;
        if (byte === BACKSLASH) at++;
        if (byte === BACKSLASH || byte > 0x7e) plain = false;
      }
      if (at >= this.end) {
        if (this.more()) continue;
        throw this.notJson(this.end);
      }
      if (window[at] !== QUOTE) throw this.notJson(at);
      const text = plain ? this.intern(hash, this.at + 1, at) : this.unescape(at + 1);
      this.at = at + 1;
      return text;
    }
  }

  /**
   * Reads a number, equal to the bit to what `JSON.parse` reads. NaN and Infinity, which only Python writes,
   * are allowed; null gives NaN.
   */
  number(): number | undefined {
    const first = this.next();
    if (first !== MINUS && !isDigit(first)) {
      if (this.null() || this.word('NaN')) return Number.NaN;
      return this.word('Infinity') ? Number.POSITIVE_INFINITY : undefined;
    }
    for (;;) {
      const { window } = this;
      let at = this.at;
      if (first === MINUS) at++;
      const whole = at;
      let mantissa = 0;
      for (; isDigit(window[at]!); at++) mantissa = mantissa * 10 + window[at]! - ZERO;
      let wrong = at === whole || (window[whole] === ZERO && at > whole + 1);
      let exponent = 0;
      if (window[at] === POINT) {
        const part = ++at;
        for (; isDigit(window[at]!); at++) mantissa = mantissa * 10 + window[at]! - ZERO;
        exponent = part - at;
        wrong ||= at === part;
      }
      if (window[at] === LARGE_E || window[at] === SMALL_E) {
        const sign = window[++at] === MINUS ? -1 : 1;
        if (window[at] === MINUS || window[at] === PLUS) at++;
        const part = at;
        let power = 0;
        for (; isDigit(window[at]!); at++) power = power * 10 + window[at]! - ZERO;
        exponent += sign * power;
        wrong ||= at === part;
      }
      if (at === this.end) {
        if (this.more()) continue;
        at = this.end;
      }
      if (wrong) {
        if (this.word('-Infinity')) return Number.NEGATIVE_INFINITY;
        throw this.notJson();
      }
      const exact = mantissa <= Number.MAX_SAFE_INTEGER && Math.abs(exponent) < TENS.length;
      const size = exponent < 0 ? mantissa / TENS[-exponent]! : mantissa * TENS[exponent]!;
      const value = exact ? (first === MINUS ? -size : size) : Number(window.toString('latin1', this.at, at));
      this.at = at;
      return value;
    }
  }

  /** Reads a null. */
  null(): boolean {
    this.next();
    return this.word('null');
  }

  /** Reads any value and ignores it. */
  skip(): void {
    const item = () => {
      this.skip();
    };
    const taken =
      this.object(item) ||
      this.array(item) ||
      this.text() !== undefined ||
      this.number() !== undefined ||
      this.word('true') ||
      this.word('false');
    if (!taken) throw this.notJson();
  }

  /** Checks that nothing follows. */
  finish(): void {
    if (this.next() >= 0) throw this.notJson();
  }

  /** An error about the value at `line`: file:line and what is wrong with it. */
  error(message: string, line = this.line): UsageError {
    return new UsageError(`${this.file}:${line}: ${printable(message, 300)}`);
  }

  /** The first byte of the next value, behind white space; -1 at the end of the file. */
  private next(): number {
    for (;;) {
      const { window } = this;
      let byte = window[this.at]!;
      while (byte === SPACE || byte === NEWLINE || byte === TAB || byte === RETURN) {
        if (byte === NEWLINE) this.newlines++;
        byte = window[++this.at]!;
      }
      if (this.at < this.end) return byte;
      if (!this.more()) return -1;
    }
  }

  private comma(): boolean {
    if (this.next() !== COMMA) return false;
    this.at++;
    return true;
  }

  private enter(): void {
    this.at++;
    if (++this.depth > MAX_DEPTH) throw this.error(`${this.what} is nested too deeply`);
  }

  private leave(close: number): void {
    if (this.next() !== close) throw this.notJson();
    this.at++;
    this.depth--;
  }

  private word(word: string): boolean {
    while (this.end - this.at < word.length && this.more());
    if (this.window.toString('latin1', this.at, Math.min(this.at + word.length, this.end)) !== word) return false;
    this.at += word.length;
    return true;
  }

  /**
   * The unescaped text in [from, to) of the window. Texts that occur again and again (labels, keys) become one string.
   */
  private intern(hash: number, from: number, to: number): string {
    const slot = hash & (INTERNED - 1);
    const known = this.interned[slot]!;
    if (known.length === to - from) {
      let i = 0;
      while (i < known.length && known.charCodeAt(i) === this.window[from + i]) i++;
      if (i === known.length) return known;
    }
    return (this.interned[slot] = this.window.toString('latin1', from, to));
  }

  /** The quoted text from the current position up to `to`. */
  private unescape(to: number): string {
    const [bytes, text] = [this.window.subarray(this.at, to), this.window.toString('utf8', this.at, to)];
    if (!isUtf8(bytes))
      throw this.error(`${this.what} is not in UTF-8: ${printable(text, 60)}: save it as UTF-8`, 1 + this.newlines);
    try {
      return JSON.parse(text) as string;
    } catch {
      throw this.notJson();
    }
  }

  private notJson(at = this.at): UsageError {
    this.at = at;
    while (this.end - this.at < 80 && this.more());
    const rest = this.window.toString('utf8', this.at, Math.min(this.at + 80, this.end));
    const found = rest === '' ? 'it ends too early' : `at "${printable(rest, 20)}"`;
    return this.error(`${this.what} is not JSON: ${found}`, 1 + this.newlines);
  }

  /**
   * Reads more bytes behind the unread ones. A window that is full of one token is enlarged. Returns
   * false at the end of the file.
   */
  private more(): boolean {
    this.window.copyWithin(0, this.at, this.end);
    this.end -= this.at;
    this.at = 0;
    if (this.end === this.window.length - 1) {
      if (this.window.length > MAX_TOKEN_BYTES) throw this.error(`${this.what}: a value of more than 16 MiB`);
      this.window = Buffer.concat([this.window], 2 * this.window.length);
    }
    const count = readSync(this.descriptor, this.window, this.end, this.window.length - 1 - this.end, null);
    this.end += count;
    this.window[this.end] = 0;
    return count > 0;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
