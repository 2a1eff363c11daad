import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RankLost, type Ranks } from '../../../src/engine/collectives/ranks.js';
import { Stopped, UsageError, WorkError } from '../../../src/system/errors.js';
import { Diverged } from '../../../src/train/guards/divergence.js';
import { teamOf, type Team, type Turns } from '../../../src/train/ranks/team.js';

/** Two teams of one rank each that take part in exchanges by turns: `other` says what the other rank has said. */
function rank(
  number: 0 | 1,
  others: object[],
  announced: number[] = [],
): { team: Team; said: object[]; turns: number[] } {
  const said: object[] = [];
  const turns: number[] = [];
  const ranks = {
    rank: number,
    count: 2,
    exchange(mine: object) {
      said.push(mine);
      const other = others.shift();
      if (!other) throw new RankLost('gone');
      return number === 0 ? [mine, other] : [other, mine];
    },
    checkPeers: () => undefined,
  } as unknown as Ranks;
  const file: Turns = { announce: (turn) => turns.push(turn), announced: () => announced.shift() ?? 0 };
  return { team: teamOf(ranks, file), said, turns };
}

test('ranks hear what each has said, and an error that one of them has told instead', () => {
  const { team } = rank(0, [
    { turn: 0, said: 'b' },
    { turn: 0, failed: { message: 'no such video', exitCode: 1 } },
    { turn: 0, failed: { message: 'wrong key', exitCode: 2 } },
    { turn: 0, failed: { message: 'stopped', exitCode: 143 } },
    { turn: 0, failed: { message: 'joint: the loss is NaN', exitCode: 1, diverged: { step: 3, ids: ['a'] } } },
  ]);
  assert.deepEqual(team.exchange('a'), ['a', 'b']);
  const thrown = (type: abstract new (...args: never[]) => Error, message: RegExp) => {
    assert.throws(
      () => team.exchange(null),
      (error) => error instanceof type && message.test(error.message),
    );
  };
  thrown(WorkError, /^rank 1: no such video$/);
  thrown(UsageError, /^rank 1: wrong key$/);
  thrown(Stopped, /SIGTERM/);
  thrown(Diverged, /^joint: the loss is NaN$/);
  thrown(RankLost, /gone/);
});

test('what is the same is said by nobody; what differs is the same error on both, which is not told again', () => {
  for (const number of [0, 1] as const) {
    const { team, said } = rank(number, [
      { turn: 0, said: [1, { a: 2 }] },
      { turn: 0, said: number === 0 ? 'y' : 'x' },
    ]);
    const differs = (first: unknown, other: unknown, at: number) =>
      new UsageError(`${String(first)} ${String(other)} ${at}`);
    team.same([1, { a: 2 }] as unknown, differs);
    let error: unknown;
    try {
      team.same(number === 0 ? 'x' : 'y', differs);
    } catch (caught) {
      error = caught;
    }
    assert.equal((error as Error).message, 'x y 1');
    team.tell(error);
    assert.equal(said.length, 2);
  }
});

test('alone: rank 0 works and announces its turn; others wait for it, then hear how it went', async () => {
  const leader = rank(0, [{ turn: 1, said: null }]);
  assert.equal(await leader.team.alone(() => 'result'), 'result');
  assert.deepEqual(leader.turns, [1]);

  const follower = rank(1, [{ turn: 1, said: null }], [0, 0, 1]);
  const worked = () => assert.fail('this is not its work');
  assert.equal(await follower.team.alone(worked), null);

  const failing = rank(1, [{ turn: 2, failed: { message: 'disk', exitCode: 1 } }], [2]);
  await assert.rejects(failing.team.alone(worked), /^WorkError: rank 0: disk$/);
});

test('first: rank 0 comes first, then the others do the same', async () => {
  const leader = rank(0, [{ turn: 1, said: null }]);
  assert.equal(await leader.team.first(() => 1), 1);
  const follower = rank(1, [{ turn: 1, said: null }], [1]);
  assert.equal(await follower.team.first(() => 2), 2);
});

test('a leader that fails in its turn ends that turn for the others, and turns go on from there', async () => {
  const told = { turn: 0, said: null };
  const { team, turns, said } = rank(0, [told, { turn: 3, said: null }]);
  const error = new WorkError('no room');
  await assert.rejects(
    team.alone(() => {
      throw error;
    }),
    error,
  );
  team.tell(error);
  assert.deepEqual(turns, [2]);
  assert.deepEqual(said, [{ turn: 2, failed: { message: 'no room', exitCode: 1 } }]);
  await team.alone(() => null);
  assert.deepEqual(turns, [2, 3]);
  // A rank that is lost has nobody to tell.
  team.tell(new RankLost('gone'));
  assert.equal(said.length, 2);
});
