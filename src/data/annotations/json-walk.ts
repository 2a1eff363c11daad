/** Keys and indices from the root of a JSON document to a value. */
export type JsonPath = readonly (string | number)[];

const scalar = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
const space = /[ \t\n\r]*/y;

/**
 * Walks through a JSON text as `JSON.parse` would and reports where its values are, which `JSON.parse` does not.
 *
 * @param visit - Called with the path (valid during the call) and the offset of every value, parents first.
 * @returns The offset of the first thing that is not JSON; undefined where all of the text is.
 */
export function walkJson(text: string, visit: (path: JsonPath, at: number) => void): number | undefined {
  // The last step tells which container is open: an index an array, a key an object. Without recursion, since
  // documents may be deeply nested.
  const path: (string | number)[] = [];
  let at = 0;
  const skip = (pattern: RegExp) => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const string = () => {
    const end = stringEnd(text, at);
    if (end === undefined) return undefined;
    const value = parseString(text.slice(at, end));
    if (value !== undefined) at = end;
    return value;
  };
  const key = () => {
    skip(space);
    const name = string();
    if (name === undefined || !skip(space) || text[at] !== ':') return undefined;
    at++;
    return name;
  };

  for (;;) {
    skip(space);
    visit(path, at);
    const first = text[at];
    if (first === '{' || first === '[') {
      at++;
      skip(space);
      if (text[at] !== (first === '{' ? '}' : ']')) {
        const step = first === '{' ? key() : 0;
        if (step === undefined) return at;
        path.push(step);
        continue;
      }
      at++;
    } else if (first === '"' ? string() === undefined : !skip(scalar)) return at;

    // A value has ended: the next one follows a comma, in this container or in one around it.
    for (;;) {
      skip(space);
      const last = path.at(-1);
      if (last === undefined) return at === text.length ? undefined : at;
      if (text[at] === ',') {
        at++;
        const step = typeof last === 'number' ? last + 1 : key();
        if (step === undefined) return at;
        path[path.length - 1] = step;
        break;
      }
      if (text[at] !== (typeof last === 'number' ? ']' : '}')) return at;
      at++;
      path.pop();
    }
  }
}

/** The offset behind the string that begins at `at`; undefined where none does, or it does not end. */
function stringEnd(text: string, at: number): number | undefined {
  if (text[at] !== '"') return undefined;
  for (let quote = text.indexOf('"', at + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === '\\') before--;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  return undefined;
}

/** The value of a quoted string; undefined where it is not valid JSON. */
function parseString(quoted: string): string | undefined {
  // eslint-disable-next-line no-control-regex
  if (!/[\\\u0000-\u001f]/.test(quoted)) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}
