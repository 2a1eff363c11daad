import { UsageError } from '../../../system/errors.js';
import { printable } from '../../../system/printable.js';
import type { Instance } from '../../dataset.js';
import { labelText } from '../tools/label-text.js';
import type { ToolFormat } from '../tools/tool-format.js';
import { namesByFile } from '../tools/video-names-of.js';

/**
 * Praat's TextGrid as text, long or short. Both hold the same numbers, texts and flags in the same order; whatever else
 * stands between them in the long form is for people (Praat manual, "TextGrid file formats").
 */
export const praat: ToolFormat = {
  name: 'Praat TextGrid',
  toldBy: 'a first line with "ooTextFile" and a second with "TextGrid"',
  fits: ({ beginning }) => /^\s*[^\n]*"?ooTextFile"?[^\n]*\n\s*[^\n]*"TextGrid"/.test(beginning),
  read({ text, file }) {
    const tokens = new Tokens(text, file);
    tokens.text();
    tokens.text();
    tokens.number();
    const duration = tokens.number();
    const instances: Instance[] = [];
    const tiers = tokens.exists() ? tokens.count() : 0;
    for (let tier = 0; tier < tiers; tier++) {
      const type = tokens.text();
      if (type !== 'IntervalTier' && type !== 'TextTier')
        throw tokens.error(`IntervalTier or TextTier expected, not ${printable(JSON.stringify(type), 40)}`);
      tokens.text();
      tokens.number();
      tokens.number();
      const size = tokens.count();
      for (let i = 0; i < size; i++) {
        const start = tokens.number();
        const end = type === 'IntervalTier' ? tokens.number() : start;
        const label = labelText(tokens.text());
        // Intervals without a text are gaps.
        if (label !== '') instances.push({ start, end, label });
      }
    }
    const known = duration > 0 ? { duration } : {};
    return { videos: [{ names: namesByFile(file), where: `${file}:1`, ...known, instances }], warnings: [] };
  },
};

/** The free-standing numbers, texts and flags of a Praat file, one after the other. */
class Tokens {
  private at = 0;

  constructor(
    private readonly source: string,
    private readonly file: string,
  ) {
    // The first line may have its text without quotes.
    const first = /^\s*(?:File type = )?ooTextFile[^\n]*/.exec(source);
    if (first) {
      this.at = first[0].length;
      this.unquoted = true;
    }
  }

  private unquoted = false;

  error(message: string): UsageError {
    const line = this.source.slice(0, this.at).split('\n').length;
    return new UsageError(`${this.file}:${line}: ${message}`);
  }

  text(): string {
    if (this.unquoted) {
      this.unquoted = false;
      return 'ooTextFile';
    }
    const token = this.next();
    if (!token?.startsWith('"')) throw this.error(`a text in quotes expected, not ${shown(token)}`);
    return token.slice(1, -1).replaceAll('""', '"');
  }

  number(): number {
    const token = this.next();
    const value = Number(token);
    if (token === undefined || !/^[-+\d.]/.test(token) || !Number.isFinite(value))
      throw this.error(`a number expected, not ${shown(token)}`);
    return value;
  }

  count(): number {
    const value = this.number();
    if (!Number.isInteger(value) || value < 0) throw this.error(`a number of parts expected, not ${value}`);
    return value;
  }

  /** Whether the flag `<exists>` follows; `<absent>` says that there is nothing more. */
  exists(): boolean {
    const token = this.next();
    if (token !== '<exists>' && token !== '<absent>') throw this.error(`<exists> expected, not ${shown(token)}`);
    return token === '<exists>';
  }

  /** The next free-standing token; undefined at the end. */
  private next(): string | undefined {
    for (;;) {
      const start = this.skip(/[\s]*/y);
      if (start === this.source.length) return undefined;
      const first = this.source[start]!;
      if (first === '!') this.skip(/[^\n]*/y);
      else if (first === '"') {
        const end = this.skip(/"(?:[^"]|"")*"/y);
        if (end === start) throw this.error('a quote (") is opened and not closed');
        return this.source.slice(start, end);
      } else {
        const end = this.skip(/[^\s"]+/y);
        const word = this.source.slice(start, end);
        if (/^(?:[-+]?(?:\d|\.\d)[\d.eE+-]*|<\w+>)$/.test(word)) return word;
      }
    }
  }

  /** Moves behind what matches here, and returns that place. */
  private skip(pattern: RegExp): number {
    pattern.lastIndex = this.at;
    if (pattern.test(this.source)) this.at = pattern.lastIndex;
    return this.at;
  }
}

const shown = (token: string | undefined): string => (token === undefined ? 'the end' : printable(token, 40));
