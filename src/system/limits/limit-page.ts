import type { Limit, LimitShare, Unit } from './limit.ts';
import { limitTable } from './limits.ts';

const rooms: Record<keyof typeof limitTable, string> = {
  config: 'Configuration files',
  console: 'Consoles',
  disk: 'Disk images',
  network: 'Networks',
  rpc: 'Control protocol',
  remote: 'Remote control',
  kernel: 'Management console and notifications',
  jail: 'Jail',
  monitor: 'Monitor',
  client: 'umlwatch',
  admin: 'umladmin',
  service: 'Service managers',
  security: 'Security events',
  directory: 'Directory server and redirector',
  umlrun: 'Throw-away VMs',
  web: 'umlweb',
};

/** Prints docs/limits.md: the limits that an administrator can meet. */
export function generateLimitPage(): { path: string; text: string }[] {
  const parts = Object.entries(limitTable).map(([room, limits]) => {
    const shown = Object.entries<Limit>(limits).filter(([, { atLimit }]) => atLimit !== '');
    const rows = shown.map(([name, limit]) => row(name, limit));
    return `## ${rooms[room as keyof typeof limitTable]}\n\n${heading}\n${rows.join('\n')}\n`;
  });
  return [{ path: 'docs/limits.md', text: `${beginning}\n${parts.join('\n')}` }];
}

function row(name: string, { value, unit, what, atLimit, share }: Limit): string {
  const values = typeof value === 'number' ? [value] : value;
  return `| ${name} | ${values.map((v) => amount(v, unit)).join(', ')} | ${what} | ${atLimit} | ${shareText(share, unit)} |`;
}

function shareText(share: LimitShare | undefined, unit: Unit): string {
  if (typeof share !== 'object') return '';
  if ('fairBy' in share) return `fair by ${share.fairBy}`;
  const reserve = share.reserve > 0 ? `; reserve ${amount(share.reserve, unit)}` : '';
  return `${amount(share.perPeer, unit)} per ${share.by}${reserve}`;
}

function amount(value: number, unit: Unit): string {
  if (unit === 'bytes' && value % 2 ** 40 === 0) return `${value / 2 ** 40} TiB`;
  if (unit === 'bytes' && value % 2 ** 20 === 0) return `${value / 2 ** 20} MiB`;
  if (unit === 'bytes' && value % 2 ** 10 === 0) return `${value / 2 ** 10} KiB`;
  if (unit === 'ms' && value % 1000 === 0) return `${value / 1000} s`;
  return `${value} ${unit}`.trim();
}

const heading = '| limit | value | what is bounded | at the limit | share |\n| --- | --- | --- | --- | --- |';

const beginning = `<!-- Generated from src/system/limits by \`npm run generate\`: change those files, not this page. -->

# Limits

Everything that can grow in umlmon has a bound. This page lists the fixed bounds that an administrator can meet.
Configured bounds (memory, log sizes, timeouts) are in umlmon(5), bounds of single fields in the
[control protocol](protocol.md). Whatever is dropped at a limit is counted: \`umlwatch VM -info\` and the log of the
monitor show it.

The last column says how several peers share a table. Each peer has a share, and a peer above its share is refused. Only
root and the user of the daemon can use the reserve. A *fair* table has no shares: the peer with the most entries loses
its oldest one. A user of the host is identified by its uid (SO_PEERCRED, unix(7)), a client over TCP by its address, or
by its /64 network for IPv6.
`;
