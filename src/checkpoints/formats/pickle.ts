import { UsageError } from '../../system/errors.js';

/** A name that a pickle imports. Nothing is imported here. */
export class PickledName {
  constructor(readonly name: string) {}
}

/** Supplies values for what a pickle contains beyond plain values. */
export interface PickleAnswers {
  /** The value of a call of the function or class called `name`. */
  call: (name: string, args: readonly unknown[]) => unknown;
  /** The value of an object that is stored outside the pickle (`storage` of torch.save). */
  outside: (id: unknown) => unknown;
}

/** Operations of one pickle. A tensor takes about 40 of them, so this is enough for 20,000 tensors. */
const maxOperations = 1_000_000;
/** Bytes of an integer. The longest that PyTorch writes marks the format and has 10. */
const maxIntegerBytes = 16;
/** Bytes of a line, which holds half of a name. */
const maxLineBytes = 1000;

/**
 * Reads one pickle (protocol 2 to 4) without running any of its code: numbers, strings, booleans, null, lists and
 * tuples (as arrays), dictionaries (as Map), and the values that `answers` supplies for the rest. State that the pickle
 * would set on an object (BUILD) is dropped.
 *
 * @returns The value, and the position behind the pickle.
 * @throws UsageError naming `file` when the pickle ends too early, has more than {@link maxOperations} operations, or
 *   holds something that weights do not need.
 */
export function unpickle(
  bytes: Buffer,
  start: number,
  file: string,
  answers: PickleAnswers,
): { value: unknown; end: number } {
  return new Unpickler(bytes, start, file, answers).run();
}

class Unpickler {
  readonly #stack: unknown[] = [];
  /** The height of the stack at each open mark. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  #at: number;

  constructor(
    private readonly bytes: Buffer,
    start: number,
    private readonly file: string,
    private readonly answers: PickleAnswers,
  ) {
    this.#at = start;
  }

  run(): { value: unknown; end: number } {
    for (let done = 0; done < maxOperations; done++) {
      const code = this.#byte();
      if (code === op('.')) return { value: this.#pop(), end: this.#at };
      this.#step(code);
    }
    throw this.#broken(`more than ${maxOperations} operations`);
  }

  #step(code: number): void {
    const push = (value: unknown) => {
      this.#stack.push(value);
    };
    switch (code) {
      case 0x80: // PROTO
        this.#take(1);
        return;
      case 0x95: // FRAME
        this.#take(8);
        return;
      case op('('):
        this.#marks.push(this.#stack.length);
        return;
      case op('0'):
        this.#pop();
        return;
      case op('N'):
        push(null);
        return;
      case 0x88:
        push(true);
        return;
      case 0x89:
        push(false);
        return;
      case op('K'):
        push(this.#byte());
        return;
      case op('M'):
        push(this.#take(2).readUInt16LE());
        return;
      case op('J'):
        push(this.#take(4).readInt32LE());
        return;
      case 0x8a: // LONG1
        push(this.#integer(this.#byte()));
        return;
      case op('G'):
        push(this.#take(8).readDoubleBE());
        return;
      case op('X'):
        push(this.#text(this.#take(4).readUInt32LE()));
        return;
      case 0x8c: // SHORT_BINUNICODE
        push(this.#text(this.#byte()));
        return;
      case op('U'):
        push(this.#take(this.#byte()).toString('latin1'));
        return;
      case op(']'):
      case op(')'):
        push([]);
        return;
      case op('}'):
        push(new Map());
        return;
      case op('t'):
        push(this.#sinceMark());
        return;
      case 0x85: // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87:
        push(this.#popMany(code - 0x84));
        return;
      case op('a'):
        this.#append([this.#pop()]);
        return;
      case op('e'):
        this.#append(this.#sinceMark());
        return;
      case op('s'):
        this.#set(this.#popMany(2));
        return;
      case op('u'):
        this.#set(this.#sinceMark());
        return;
      case op('q'):
        this.#memo.set(this.#byte(), this.#top());
        return;
      case op('r'):
        this.#memo.set(this.#take(4).readUInt32LE(), this.#top());
        return;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case op('h'):
        push(this.#remembered(this.#byte()));
        return;
      case op('j'):
        push(this.#remembered(this.#take(4).readUInt32LE()));
        return;
      case op('c'):
        push(new PickledName(`${this.#line()}.${this.#line()}`));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        // Anything but text is not made into text: a list may hold itself, or a thousand levels of lists.
        if (typeof module !== 'string' || typeof name !== 'string') throw this.#broken('a name that is not text');
        push(new PickledName(`${module}.${name}`));
        return;
      }
      case op('R'):
      case 0x81: {
        // NEWOBJ
        const [what, args] = this.#popMany(2);
        if (!(what instanceof PickledName) || !Array.isArray(args))
          throw this.#broken('a call of a value that is not a name');
        push(this.answers.call(what.name, args));
        return;
      }
      case op('b'):
        this.#pop();
        return;
      case op('Q'):
        push(this.answers.outside(this.#pop()));
        return;
      default:
        throw this.#broken(`operation ${code}, which weights do not need`);
    }
  }

  #append(items: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#broken('items without a list');
    for (const item of items) list.push(item);
  }

  #set(items: readonly unknown[]): void {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) throw this.#broken('entries without a dictionary');
    for (let i = 0; i < items.length; i += 2) dictionary.set(items[i], items[i + 1]);
  }

  #remembered(index: number): unknown {
    if (!this.#memo.has(index)) throw this.#broken('a reference to an unknown object');
    return this.#memo.get(index);
  }

  #top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.#broken('an empty stack');
    return this.#stack.at(-1);
  }

  #pop(): unknown {
    this.#top();
    return this.#stack.pop();
  }

  #popMany(count: number): unknown[] {
    if (this.#stack.length - (this.#marks.at(-1) ?? 0) < count) throw this.#broken('an empty stack');
    return this.#stack.splice(-count);
  }

  #sinceMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#broken('an end mark without a start mark');
    return this.#stack.splice(mark);
  }

  #byte(): number {
    return this.#take(1)[0]!;
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.bytes.length) throw this.#broken('it ends too soon');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  #text(length: number): string {
    return this.#take(length).toString('utf8');
  }

  #integer(length: number): number {
    if (length > maxIntegerBytes) throw this.#broken(`an integer of ${length} bytes`);
    return integer(this.#take(length));
  }

  #line(): string {
    const end = this.bytes.subarray(0, this.#at + maxLineBytes).indexOf(0x0a, this.#at);
    if (end < 0) throw this.#broken('it ends too soon');
    const line = this.bytes.toString('latin1', this.#at, end);
    this.#at = end + 1;
    return line;
  }

  #broken(reason: string): UsageError {
    return new UsageError(`not readable as PyTorch's weights: ${this.file}: ${reason} (at byte ${this.#at})`);
  }
}

const op = (character: string) => character.charCodeAt(0);

/** Little-endian two's complement; exact up to 2^53. */
function integer(bytes: Buffer): number {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return Number(BigInt.asIntN(8 * bytes.length, value));
}
