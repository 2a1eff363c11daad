/**
 * Lists the lines of the repository that are longer than 120 characters and could be broken, as file:line:length.
 *
 *   npx tsx tools/line-length.ts            all files that the test checks
 *   npx tsx tools/line-length.ts src docs   the files below these folders, those that are not done yet too
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '..');

/** Characters (Unicode code points) of the longest line. */
export const longest = 120;

/** What is checked. */
const checked = ['src', 'test', 'tools', 'docs', 'configs', 'README.md', 'CONTRIBUTING.md'];

/** Pages that a tool writes: what they are made of is checked instead. */
const generated = ['docs/results.md'];

/** Text that people write. JSON, tables of numbers, pictures and fixtures are data. */
const text = /\.(?:ts|mjs|py|md|ya?ml)$/;
const data = /^test\/fixtures\//;

export interface LongLine {
  /** Counted from 1. */
  line: number;
  /** Code points. */
  length: number;
}

/** A file's lines that are too long and could be broken; `file` is its name, which says what it is. */
export function longLines(file: string, content: string): LongLine[] {
  const breakable = /\.(?:ts|mjs)$/.test(file) ? codeRule(content) : file.endsWith('.md') ? markdownRule() : hasSpace;
  return content.split('\n').flatMap((line, index) => {
    const could = breakable(line, index);
    const { length } = Array.from(line);
    return length > longest && could ? [{ line: index + 1, length }] : [];
  });
}

/** Whether a line can be broken. Called for every line of a file in turn; `index` counts from 0. */
type Rule = (line: string, index: number) => boolean;

/** The signs of comments, lists and quotations at the beginning of a line, behind which no break would help. */
const opening = /^\s*(?:\/\/|\/\*\*?|\*|#+|-|>|\d+\.)?\s*/;

const hasSpace: Rule = (line) => /\s/.test(line.replace(opening, '').trimEnd());

/** All but tables and fenced blocks. */
function markdownRule(): Rule {
  let fenced = false;
  return (line, index) => {
    const fence = /^\s*```/.test(line);
    if (fence) fenced = !fenced;
    return !fence && !fenced && !/^\s*\|/.test(line) && hasSpace(line, index);
  };
}

/** Comments, and code that is long without its strings and patterns: prettier leaves those in one piece. */
function codeRule(content: string): Rule {
  const blanked = blankLiterals(content);
  const comments = blanked.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, (comment) => marked(comment, commentMark)).split('\n');
  const code = blanked.split('\n');
  return (line, index) => {
    if (!hasSpace(line, index)) return false;
    if (comments[index]!.includes(commentMark)) return true;
    return Array.from(code[index]!.replaceAll(literalMark, '')).length > longest;
  };
}

/** Signs of the private use area: nobody writes them. */
const [literalMark, commentMark] = ['\uE000', '\uE001'];

/** The same text with every character of a string, template or regular expression replaced, line breaks left. */
function blankLiterals(content: string): string {
  const source = ts.createSourceFile('x.ts', content, ts.ScriptTarget.Latest, true);
  const pieces: string[] = [];
  let at = 0;
  const visit = (node: ts.Node): void => {
    const isLiteral =
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node) ||
      ts.isRegularExpressionLiteral(node);
    if (isLiteral) {
      const start = node.getStart(source);
      pieces.push(content.slice(at, start), marked(content.slice(start, node.end), literalMark));
      at = node.end;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return pieces.join('') + content.slice(at);
}

/** A mark for every character, line breaks left. */
const marked = (part: string, mark: string): string => part.replace(/[^\n]/gu, mark);

/** The tracked text files below some paths, relative to the repository's root; null where there is no git. */
export function trackedFiles(below: readonly string[] = checked): string[] | null {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z', '--', ...below], { cwd: root, encoding: 'utf8' });
  if (status !== 0) return null;
  return stdout.split('\0').filter((file) => text.test(file) && !data.test(file) && !generated.includes(file));
}

/** The long lines of files, as file:line:length. */
export function offenders(files: readonly string[]): string[] {
  return files.flatMap((file) =>
    longLines(file, readFileSync(path.join(root, file), 'utf8')).map(({ line, length }) => `${file}:${line}:${length}`),
  );
}

function main(below: readonly string[]): void {
  const files = below.length > 0 ? trackedFiles(below) : trackedFiles();
  if (!files) {
    process.stderr.write('not a git checkout, or git is missing: nothing to check\n');
    process.exitCode = 1;
    return;
  }
  const found = offenders(files);
  process.stdout.write(found.map((line) => `${line}\n`).join(''));
  if (found.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
