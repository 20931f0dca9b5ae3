import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell } from '../guest/guest.ts';

/** The program of umlmon(7), BACKUPS, in one line. */
export const freezeLoop =
  'while read -r word id; do [ "$word" = freeze ] || continue; fsfreeze --freeze / && echo "frozen $id"; ' +
  'read -r -t 60 word other; fsfreeze --unfreeze / && echo "thawed $id"; done';

/** Writes, syncs, removes and makes files, until the guest ends. */
export const busyGuest =
  '(i=0; while :; do i=$((i + 1)); dd if=/dev/urandom of=/root/f$((i % 7)) bs=4k count=50; mkdir -p /root/d$i; ' +
  'rm -rf /root/d$((i - 5)); [ $((i % 3)) = 0 ] && sync; done) >/dev/null 2>&1 &\r';

/** Has the guest offer on ssl0 to freeze its root file system. */
export async function offerFreeze(client: MonitorClient, program = freezeLoop): Promise<void> {
  const line = await GuestShell.open(client, 'ssl0');
  await line.type(`${program}\r`);
}

/** The report of e2fsck on a copy of an image, written to `copy`, with or without a replay of its journal. */
export function fsck(
  image: string,
  copy: string,
  { replay }: { readonly replay: boolean },
): { status: number | null; text: string } {
  execFileSync('cp', ['--sparse=always', image, copy]);
  if (replay) spawnSync('e2fsck', ['-E', 'journal_only', '-y', copy]);
  const { status, stdout, stderr } = spawnSync('e2fsck', ['-fn', copy], { encoding: 'utf8' });
  rmSync(copy);
  return { status, text: stdout + stderr };
}
