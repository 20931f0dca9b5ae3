import { isIP } from 'node:net';
import { quoted } from '../config/problem.ts';
import { isHostName } from '../config/values/host-name.ts';
import { DirectoryClient } from '../rpc/client/directory-client.ts';
import type { DirEntry, DirList } from '../rpc/umldir.gen.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { harmless, printable } from '../system/text.ts';
import { directoryPlace } from './settings.ts';

interface ListRequest {
  readonly configPath: string | undefined;
  /** `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`; this host if absent. */
  readonly host: string | undefined;
  readonly json: boolean;
}

/** `umldir -list`: prints the VMs of a directory server. Errors: USAGE, DIRECTORY_UNREACHABLE. */
export async function printDirectory({ configPath, host, json }: ListRequest): Promise<void> {
  const { port, address } = directoryPlace(configPath);
  const at = parseHostPort(host ?? '');
  const client = await DirectoryClient.connect(at.host || address || '127.0.0.1', at.port || port);
  try {
    const { entries, here, state, next } = await client.list();
    if (json) console.log(harmless(JSON.stringify({ here, state, next, entries })));
    else console.log(directoryText({ entries, here, state }));
  } finally {
    client.close();
  }
}

/** @throws UmlmonError USAGE */
function parseHostPort(text: string): { readonly host: string; readonly port: number } {
  if (text === '') return { host: '', port: 0 };
  const bare = isIP(text) === 6 ? { host: text, port: 0 } : undefined;
  const match = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const found = bare ?? { host: match?.[1] ?? match?.[2] ?? '', port: Number(match?.[3] ?? 0) };
  if ((isIP(found.host) > 0 || isHostName(found.host)) && found.port <= 65_535) return found;
  throw new UmlmonError('USAGE', {
    place: '',
    cause: `${quoted(text)} is not a host`,
    hint: 'use HOST, HOST:PORT, or [ADDRESS]:PORT',
  });
}

/** One line for each VM; texts of other hosts are escaped. */
function directoryText({ entries, here, state }: Pick<DirList, 'entries' | 'here' | 'state'>): string {
  const shown = (text: string) => printable(text, 253);
  const rows = entries.map(({ host, vm }: DirEntry) => [
    `${shown(vm.name)}@${shown(host)}`,
    vm.state,
    vm.ready ? 'ready' : '',
    vm.port > 0 ? `${shown(vm.address) || '*'}:${vm.port}` : 'no TCP',
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  if (lines.length === 0) lines.push(`no monitor is running on ${shown(here)}`);
  if (state.sharing === 'broken') lines.push(`other hosts may be missing: ${shown(state.warning)}`);
  else if (state.warning !== '') lines.push(shown(state.warning));
  return lines.join('\n');
}
