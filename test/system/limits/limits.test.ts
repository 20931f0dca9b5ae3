/** Every table that several peers fill has shares, and code that enforces them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { limitTable } from '../../../src/system/limits/limits.ts';

const top = join(import.meta.dirname, '../../../src');
const sources = readdirSync(top, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !/limits|\.gen\.ts$/.test(name))
  .map((name) => ({ name, text: readFileSync(join(top, name), 'utf8') }));
const limits = Object.entries(limitTable).flatMap(([room, table]) =>
  Object.entries(table).map(([name, limit]) => ({ room, name, limit, title: `${room}.${name}` })),
);

describe('a limit of a count or of bytes', () => {
  const counted = limits.filter(({ limit: { unit } }) => unit === '' || unit === 'bytes');

  test.each(counted.map(({ title, limit }) => [title, limit] as const))('%s has a share', (_title, limit) => {
    const { share, value } = limit;
    expect(share).toBeDefined();
    if (typeof share !== 'object' || !('perPeer' in share)) return;
    expect(value).toBeGreaterThan(share.reserve);
    expect(value).toBeGreaterThanOrEqual(share.perPeer);
    // One peer cannot fill the table, unless the table is tiny.
    if (Number(value) > 4) expect(share.perPeer).toBeLessThan(Number(value) - share.reserve);
  });

  const shared = limits.filter(({ limit: { share } }) => typeof share === 'object');

  test.each(shared.map(({ title, name, limit, room }) => [title, name, limit.share, room] as const))(
    '%s is enforced by a table that knows its peers',
    (_title, name, share, room) => {
      const isShared = typeof share === 'object' && 'perPeer' in share;
      const users = sources.filter(({ text }) =>
        isShared ? text.includes(`${room}Shares.${name}`) : new RegExp(`\\b${name}\\b`).test(text),
      );
      const knowing = users.filter(({ text }) =>
        /\b(?:Shares|FairTable|FairTurns|LineShares|LineBudget|Gate|RefusalLog|Throttle|Newcomers)\b/.test(
          text,
        ),
      );
      expect(knowing.map((user) => user.name)).not.toEqual([]);
    },
  );
});

test('no table that several peers fill is bounded by a count alone', () => {
  const shared = new Set(
    limits.filter(({ limit: { share } }) => typeof share === 'object').map(({ title }) => title),
  );
  const bare = sources.flatMap(({ name, text }) => [
    ...[...text.matchAll(/\.(?:size|length) *>=? *(\w+)Limits\.(\w+)/g)]
      .filter(([, room, limit]) => shared.has(`${room}.${limit}`))
      .map(([found]) => `${name}: ${found}`),
    ...(text.includes('maxConnections') ? [`${name}: maxConnections`] : []),
  ]);
  expect(bare).toEqual([]);
});
