/**
 * Warnings about names that look the same and are not: they differ in capitals, spaces or the form of their letters
 * only. Such labels are different classes, and such subsets different subsets, which is seldom meant.
 *
 * @param what - What the names are: `labels`.
 * @param advice - What to do if they are meant to be the same, given both.
 */
export function alikeNames(
  what: string,
  names: Iterable<string>,
  advice: (one: string, other: string) => string,
): string[] {
  const known = new Map<string, string>();
  return [...new Set(names)].sort().flatMap((name) => {
    const key = name.normalize('NFKC').toLowerCase().replace(/[\s_-]+/gu, ' ').trim(); // prettier-ignore
    const first = known.get(key);
    if (first === undefined) {
      known.set(key, name);
      return [];
    }
    const difference =
      first.normalize('NFC') === name.normalize('NFC') ? ', whose letters are encoded differently,' : '';
    return [
      `${what} ${JSON.stringify(first)} and ${JSON.stringify(name)}${difference} are two: ${advice(first, name)}`,
    ];
  });
}

/** Warnings about labels that look the same. */
export function alikeLabels(labels: Iterable<string>): string[] {
  const advice = (one: string, other: string) =>
    `if they mean the same, set data.labels: { ${JSON.stringify(other)}: ${JSON.stringify(one)} }`;
  return alikeNames('labels', labels, advice);
}

/** Warnings about subsets whose names look the same. */
export function alikeSubsets(subsets: Iterable<string>): string[] {
  return alikeNames('subsets', subsets, () => 'if they mean the same, write one name in the annotations');
}
