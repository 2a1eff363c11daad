import { UsageError } from '../../../../system/errors.js';
import { printable } from '../../../../system/printable.js';
import type { Instance } from '../../../dataset.js';

/** An event of a BORIS observation: a key that was pressed. */
export interface BorisEvent {
  /** Seconds on the observation's clock. */
  time: number;
  subject: string;
  behaviour: string;
  modifiers: string;
  /** `STATE`: a start or a stop, in turn. */
  type: 'START' | 'STOP' | 'POINT' | 'STATE';
  /** `file:line`, for messages. */
  where: () => string;
}

/**
 * Joins each start with its stop, within subject, behaviour and modifiers. Where a stop has other modifiers than its
 * start, modifiers are left out of account. Point events become instances without length.
 *
 * @throws UsageError at a start without a stop, or a stop without a start.
 */
export function pairEvents(events: readonly BorisEvent[]): Instance[] {
  const points = events.filter(({ type }) => type === 'POINT');
  const instances = points.map(({ time, behaviour }) => ({ start: time, end: time, label: behaviour }));
  const groups = groupBy(
    events.filter(({ type }) => type !== 'POINT'),
    ({ subject, behaviour }) => JSON.stringify([subject, behaviour]),
  );
  for (const group of groups) {
    const byModifiers = groupBy(group, ({ modifiers }) => modifiers).map(pairOf);
    const failed = byModifiers.find((result) => result instanceof UsageError);
    const paired = failed === undefined ? byModifiers.flat() : pairOf(group);
    if (paired instanceof UsageError) throw paired;
    instances.push(...(paired as Instance[]));
  }
  return instances.sort((a, b) => a.start - b.start);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}

/** The instances of the states of one subject and behaviour, or what is wrong with them. */
function pairOf(events: readonly BorisEvent[]): Instance[] | UsageError {
  const sorted = [...events].sort((a, b) => a.time - b.time);
  const instances: Instance[] = [];
  let open: BorisEvent | undefined;
  for (let i = 0; i < sorted.length; i++) {
    const next = sorted[i + 1];
    // Of a start and a stop at the same moment, the one that fits comes first.
    const out = sorted[i]!.type === (open ? 'START' : 'STOP');
    if (out && next?.time === sorted[i]!.time && next.type === (open ? 'STOP' : 'START'))
      [sorted[i], sorted[i + 1]] = [next, sorted[i]!];
    const event = sorted[i]!;
    if (open === undefined) {
      if (event.type === 'STOP') return unpaired(event, 'stops', 'has not started');
      open = event;
    } else {
      if (event.type === 'START') return unpaired(open, 'starts', 'starts again before it stops');
      instances.push({ start: open.time, end: event.time, label: event.behaviour });
      open = undefined;
    }
  }
  return open ? unpaired(open, 'starts', 'never stops') : instances;
}

function unpaired({ time, subject, behaviour, where }: BorisEvent, does: string, but: string): UsageError {
  const of = subject === '' ? '' : ` of ${printable(JSON.stringify(subject), 40)}`;
  return new UsageError(
    `${where()}: ${printable(JSON.stringify(behaviour), 60)}${of} ${does} at ${time} s and ${but}: ` +
      'complete it in BORIS (Observations, fix unpaired events), or delete it',
  );
}
