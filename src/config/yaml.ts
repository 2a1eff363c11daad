import { parseDocument } from 'yaml';
import { UsageError } from '../system/errors.js';

/** The largest configuration file in bytes: the parser is slow. */
export const maxConfigBytes = 2 ** 20;
/** Levels of nesting. No configuration needs a tenth of them. */
const maxDepth = 64;

/**
 * The values of a YAML text.
 *
 * @param where - Names the text in messages: a file, or an option.
 * @param notYaml - The message about a text that is not YAML, from the line and the reason.
 * @throws UsageError beginning with `where`, and the line where there is one, when the text is not YAML, is nested too
 *   deeply or refers to itself, expands aliases exponentially, or has a key `__proto__`.
 */
export function yamlValues(
  text: string,
  where: string,
  notYaml = (line: number, why: string) => `${where}:${line}: ${why}`,
): unknown {
  let values: unknown;
  try {
    // For pretty errors the parser looks through the text anew for each of what may be thousands.
    const document = parseDocument(text, { prettyErrors: false });
    const [problem] = document.errors;
    if (problem) throw new UsageError(notYaml(lineAt(text, problem.pos[0]), problem.message));
    // Aliases are resolved only here, so an alias without anchor, or an exponential expansion, is found here.
    values = document.toJS();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // The parser calls itself for each level of nesting.
    throw new UsageError(`${where}: ${error instanceof RangeError ? 'nested too deeply' : (error as Error).message}`);
  }
  check(values, where, 0);
  return values;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Refuses the key `__proto__`, whose assignment would replace an object's prototype, and endless nesting. */
function check(value: unknown, where: string, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth) throw new UsageError(`${where}: nested too deeply, or an alias refers to itself`);
  if (Object.hasOwn(value, '__proto__')) throw new UsageError(`${where}: unknown key __proto__`);
  for (const child of Object.values(value)) check(child, where, depth + 1);
}
