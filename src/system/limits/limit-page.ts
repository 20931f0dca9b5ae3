import type { Limit, Share, Unit } from './limit.ts';
import { limitTable } from './limits.ts';

const rooms: Record<keyof typeof limitTable, string> = {
  console: 'Consoles',
  disk: 'Disk images',
  network: 'Networks',
  rpc: 'Control protocol',
  remote: 'Remote control',
  kernel: 'Management console and notifications',
  jail: 'Jail',
  monitor: 'Monitor',
  admin: 'Administration of the host',
  service: 'Service managers',
  security: 'Security events',
  directory: 'Directory and redirector',
  umlrun: 'Throw-away VMs',
  web: 'umlweb',
};

/** docs/limits.md, the reference of all bounds. */
export function generateLimitPage(): { path: string; text: string }[] {
  const parts = Object.entries(limitTable).map(([room, limits]) => {
    const rows = Object.entries(limits).map(([name, limit]) => row(name, limit));
    return `## ${rooms[room as keyof typeof limitTable]}\n\n${heading}\n${rows.join('\n')}\n`;
  });
  return [{ path: 'docs/limits.md', text: `${beginning}\n${parts.join('\n')}` }];
}

function row(name: string, { value, unit, what, then, share }: Limit): string {
  const values = typeof value === 'number' ? [value] : value;
  return `| ${name} | ${values.map((v) => amount(v, unit)).join(', ')} | ${what} | ${then} | ${shareText(share, unit)} |`;
}

function shareText(share: Share | undefined, unit: Unit): string {
  if (share === undefined) return '';
  if (share === 'one') return 'one';
  if (share === 'trusted') return 'those who are trusted';
  if ('fairBy' in share) return `who has most of them, by ${share.fairBy}, loses its oldest`;
  const reserve =
    share.reserve > 0 ? `; ${amount(share.reserve, unit)} for root and the user of the daemon` : '';
  return `${amount(share.perPeer, unit)} for each ${share.by}${reserve}`;
}

function amount(value: number, unit: Unit): string {
  if (unit === 'bytes' && value % 2 ** 40 === 0) return `${value / 2 ** 40} TiB`;
  if (unit === 'bytes' && value % 2 ** 20 === 0) return `${value / 2 ** 20} MiB`;
  if (unit === 'bytes' && value % 2 ** 10 === 0) return `${value / 2 ** 10} KiB`;
  if (unit === 'ms' && value % 1000 === 0) return `${value / 1000} s`;
  return `${value} ${unit}`.trim();
}

const heading =
  '| limit | value | what is bounded, and why | at the limit | who fills it |\n| --- | --- | --- | --- | --- |';

const beginning = `<!-- Generated from src/system/limits by \`npm run generate\`: change those files, not this page. -->

# Limits

Everything that can grow in umlmon has a bound. These are the fixed ones; what is configured (memory, log sizes,
time-outs) is in umlmon(5), and the bounds of single fields are in the [control protocol](protocol.md). Whatever is dropped at
a limit is counted: \`umlwatch VM -info\` and the log of the monitor show it.

The last column says who fills what is counted. *one*: a single thing, or a table of one owner, so that nobody else is
concerned at its bound. Where several fill a table, each has a share, and whoever is over it is the one refused. A user of
the host is known by its uid, which the kernel vouches for (SO_PEERCRED, unix(7)); a client over TCP by its address, of IPv6
by its network of 64 bits. Root and the user of the daemon have no share, and a reserve that nobody else can take.
`;
