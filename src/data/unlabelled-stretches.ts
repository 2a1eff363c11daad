/** A stretch of a video that nobody has labelled, in seconds. */
export type UnlabelledStretch = [start: number, end: number];

/** Seconds by which stretches and instances may overlap without a meaning: times are rounded. */
const rounding = 1e-3;

/** Stretches cut to `begin` … `end`, sorted, and joined where they meet. */
export function joinedStretches(
  stretches: readonly Readonly<UnlabelledStretch>[],
  begin = 0,
  end = Infinity,
): UnlabelledStretch[] {
  const joined: UnlabelledStretch[] = [];
  for (const [from, to] of [...stretches].sort((a, b) => a[0] - b[0])) {
    const [start, stop] = [Math.max(begin, from), Math.min(end, to)];
    if (stop - start <= rounding) continue;
    const last = joined.at(-1);
    if (last && start <= last[1] + rounding) last[1] = Math.max(last[1], stop);
    else joined.push([start, stop]);
  }
  return joined;
}

/** Whether nothing of a video is labelled, so that nothing can be learnt from it. */
export function isUnlabelled(video: {
  start?: number;
  duration: number;
  unlabelled?: readonly Readonly<UnlabelledStretch>[];
}): boolean {
  const { start: begin = 0, duration, unlabelled = [] } = video;
  const covered = joinedStretches(unlabelled, begin, duration).reduce((sum, [start, end]) => sum + end - start, 0);
  return covered > 0 && covered >= duration - begin - 2 * rounding;
}

/**
 * Tells the instances that are known as a whole from those of which a part lies in an unlabelled stretch. Where the
 * latter begin or end is not known: their time becomes unlabelled too, lest it be taught as background.
 *
 * @returns The instances that stay, those that go, and the stretches with the time of those that go.
 */
export function wholeInstances<T extends { start: number; end: number }>(
  instances: readonly T[],
  unlabelled: readonly Readonly<UnlabelledStretch>[],
): { whole: T[]; cut: T[]; unlabelled: UnlabelledStretch[] } {
  const stretches = joinedStretches(unlabelled);
  if (stretches.length === 0) return { whole: [...instances], cut: [], unlabelled: stretches };
  // A stretch that grows over one instance may reach another one: all that hangs together goes.
  const items = [
    ...instances.map((instance) => ({ instance, start: instance.start, end: instance.end })),
    ...stretches.map(([start, end]) => ({ instance: null, start, end })),
  ].sort((a, b) => a.start - b.start);
  const cut = new Set<T>();
  let group: typeof items = [];
  let reach = -Infinity;
  const close = () => {
    if (group.some(({ instance }) => instance === null))
      for (const { instance } of group) if (instance) cut.add(instance);
  };
  for (const item of items) {
    if (item.start >= reach - rounding) {
      close();
      group = [];
    }
    group.push(item);
    reach = Math.max(reach, item.end);
  }
  close();
  const grown = [...cut].map(({ start, end }): UnlabelledStretch => [start, end]);
  return {
    whole: instances.filter((instance) => !cut.has(instance)),
    cut: instances.filter((instance) => cut.has(instance)),
    unlabelled: joinedStretches([...stretches, ...grown]),
  };
}
