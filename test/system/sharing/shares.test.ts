import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refusalCounts } from '../../../src/system/errors/refusals.ts';
import { FairQueue } from '../../../src/system/sharing/fair-queue.ts';
import { FairTurns } from '../../../src/system/sharing/fair-scheduler.ts';
import { FairTable } from '../../../src/system/sharing/fair-table.ts';
import { refusalText, type SharePeer, Shares } from '../../../src/system/sharing/shares.ts';

const owner: SharePeer = { key: 'uid:0', isOwner: true };
const user = (uid: number): SharePeer => ({ key: `uid:${uid}`, isOwner: false });

const bounds = fc
  .record({ total: fc.integer({ min: 1, max: 20 }), perPeer: fc.integer({ min: 1, max: 8 }) })
  .chain(({ total, perPeer }) =>
    fc.integer({ min: 0, max: total }).map((reserve) => ({ total, perPeer, reserve })),
  );
const peers = fc.integer({ min: 0, max: 6 }).map((uid): SharePeer => (uid === 0 ? owner : user(uid)));
const steps = fc.array(fc.record({ peer: peers, takes: fc.boolean() }), { maxLength: 200 });

describe('shares', () => {
  test('in any sequence of steps, no peer has more than its share, and the reserve stays for the owner', () => {
    fc.assert(
      fc.property(bounds, steps, (shared, all) => {
        const shares = new Shares(shared);
        const held: { peer: SharePeer; release: () => void }[] = [];
        for (const { peer, takes } of all) {
          if (takes) {
            const taken = shares.take(peer);
            if (typeof taken === 'function') held.push({ peer, release: taken });
            else if (taken.refused === 'share') expect(shares.of(peer)).toBe(taken.may);
          } else held.splice(held.findIndex((one) => one.peer.key === peer.key) >>> 0, 1)[0]?.release();
          const counts = new Map<string, number>();
          for (const one of held) counts.set(one.peer.key, (counts.get(one.peer.key) ?? 0) + 1);
          const others = held.filter((one) => !one.peer.isOwner).length;
          expect(shares.size).toBe(held.length);
          expect(held.length).toBeLessThanOrEqual(shared.total);
          expect(others).toBeLessThanOrEqual(shared.total - shared.reserve);
          for (const [key, count] of counts) {
            expect(shares.of({ key })).toBe(count);
            if (key !== owner.key) expect(count).toBeLessThanOrEqual(shared.perPeer);
          }
          const most = Math.max(
            0,
            ...[...counts].filter(([key]) => key !== owner.key).map(([, count]) => count),
          );
          const greedy = shares.greedierThan(user(99));
          expect(greedy === undefined).toBe(most < 2);
          if (greedy !== undefined) expect(counts.get(greedy)).toBe(most);
        }
      }),
    );
  });

  test('a place that is released twice counts once, and refusals are counted', () => {
    const before = refusalCounts().get('jobs') ?? 0;
    const shares = new Shares({ table: 'jobs', total: 4, perPeer: 1, reserve: 1 });
    const release = shares.take(user(1));
    const refusal = shares.take(user(1));
    expect(refusal).toEqual({ refused: 'share', has: 1, may: 1 });
    if (typeof release !== 'function' || typeof refusal === 'function') throw new Error('not as taken');
    expect(refusalText(refusal, 'jobs')).toBe('you have 1 of 1 jobs');
    release();
    release();
    expect([shares.size, refusalCounts().get('jobs') ?? 0]).toEqual([0, before + 1]);
  });
});

describe('a fair table', () => {
  const all = { total: 10, perPeer: 6, reserve: 2 };

  test('the peer with the most entries gives one up to a peer with fewer, never to one with as many', () => {
    const table = new FairTable<string>(all, { atShare: 'refuse', atFull: 'refuse' });
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']) table.add(user(1), name);
    for (const name of ['b1', 'b2']) table.add(user(2), name);
    expect(table.add(user(1), 'a7')).toMatchObject({ refused: 'share' });
    expect(table.add(user(3), 'c1')).toEqual({ victim: 'a1' });
    expect(table.add(user(3), 'c2')).toEqual({ victim: 'a2' });
    expect(table.add(user(2), 'b3')).toEqual({ victim: 'a3' });
    expect(table.add(user(3), 'c3')).toMatchObject({ refused: 'full' });
    expect([...table]).toEqual(['a4', 'a5', 'a6', 'b1', 'b2', 'c1', 'c2', 'b3']);
    // The reserve, and then whatever others have.
    const victims = Array.from({ length: 10 }, (_, i) => table.add(owner, `root${i}`));
    expect(victims.slice(0, 2)).toEqual([{}, {}]);
    expect(victims.slice(2).every((one) => 'victim' in one)).toBe(true);
    expect(table.add(owner, 'one more')).toMatchObject({ refused: 'share' });
  });

  test('where what is new takes the place of the oldest, it is first the own one, and of these what yields', () => {
    const table = new FairTable<string>(
      { total: 4, perPeer: 3, reserve: 0 },
      { atShare: 'replace', atFull: 'replace', yields: (name) => name.endsWith('?') },
    );
    for (const name of ['a1', 'a2?', 'a3']) table.add(user(1), name);
    expect(table.add(user(1), 'a4')).toEqual({ victim: 'a2?' });
    expect(table.add(user(1), 'a5')).toEqual({ victim: 'a1' });
    table.add(user(2), 'b');
    expect(table.add(user(3), 'c')).toEqual({ victim: 'a3' });
    expect(table.add(user(4), 'd')).toEqual({ victim: 'a4' });
    // All have one: who has had it for longest; and who has as many as any other makes room for itself.
    expect(table.add(user(5), 'e')).toEqual({ victim: 'b' });
    expect(table.add(user(5), 'e2')).toEqual({ victim: 'e' });
  });

  test('a new peer always gets a place while another has two, in any order of arrival', () => {
    fc.assert(
      fc.property(bounds, steps, (shared, those) => {
        const table = new FairTable<object>(shared, { atShare: 'refuse', atFull: 'refuse' });
        const held: { peer: SharePeer; thing: object }[] = [];
        for (const { peer, takes } of those) {
          const at = held.findIndex((one) => one.peer.key === peer.key);
          if (!takes && at >= 0) table.delete(held.splice(at, 1)[0]?.thing ?? {});
          if (!takes) continue;
          const counts = new Map<string, number>();
          for (const one of held.filter((other) => !other.peer.isOwner))
            counts.set(one.peer.key, (counts.get(one.peer.key) ?? 0) + 1);
          const thing = {};
          const added = table.add(peer, thing);
          const isNew = (counts.get(peer.key) ?? 0) === 0 && !peer.isOwner;
          if (isNew && Math.max(0, ...counts.values()) >= 2) expect(added).not.toHaveProperty('refused');
          if ('refused' in added) continue;
          if (added.victim)
            held.splice(
              held.findIndex((one) => one.thing === added.victim),
              1,
            );
          held.push({ peer, thing });
          expect(new Set(table)).toEqual(new Set(held.map((one) => one.thing)));
        }
      }),
    );
  });
});

test('work of many peers is queued fairly; the peer with the most gives a place up to one with less', async () => {
  const turns = new FairTurns(1, { total: 4, perPeer: 3, reserve: 0 });
  const done: string[] = [];
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const work = (name: string) => async () => {
    await opened;
    done.push(name);
  };
  const taken = [
    ...['a0', 'a1', 'a2', 'a3'].map((name) => turns.take(user(1), work(name))),
    turns.take(user(2), work('b0')),
    turns.take(user(3), work('c0')),
  ].map((one) =>
    one.then(
      () => 'done',
      ({ refusal }) => refusal.refused,
    ),
  );
  open();
  // The fourth is over the share; the oldest of those that wait makes room for the newcomer.
  expect(await Promise.all(taken)).toEqual(['done', 'full', 'done', 'share', 'done', 'done']);
  expect(done).toEqual(['a0', 'b0', 'c0', 'a2']);
  expect(await turns.take(user(1), async () => 'again')).toBe('again');
});

test('a fair queue takes one of each peer in turn, and every other one of the owner', () => {
  const queue = new FairQueue<string>();
  for (let i = 0; i < 3; i++) queue.push(user(1), `a${i}`);
  queue.push(user(2), 'b0');
  for (let i = 0; i < 3; i++) queue.push(owner, `root${i}`);
  const taken = Array.from({ length: 8 }, () => queue.shift());
  expect(taken).toEqual(['root0', 'a0', 'root1', 'b0', 'root2', 'a1', 'a2', undefined]);
  expect(queue.size).toBe(0);
});
