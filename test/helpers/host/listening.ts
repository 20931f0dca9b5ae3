import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** TCP_LISTEN of net/tcp_states.h. */
const listenState = '0A';

/** The addresses on which a process listens by TCP, as /proc/net/tcp has them: 0100007F:240D. */
export function listening(pid: number): string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? ''];
      } catch {
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === listenState && own.has(inode ?? ''))
      .map(([, address = '']) => address),
  );
}
