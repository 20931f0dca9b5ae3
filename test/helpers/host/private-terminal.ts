/** A terminal on a host of its own (private-host.sh) without a network, where a user would type commands. */
import { dirname, join } from 'node:path';
import { spawn } from 'node-pty';
import { testKernelDirectory } from '../guest/kernel.ts';

const root = join(import.meta.dirname, '../../..');

/** Input for the time when the terminal shows a text that it did not show at the previous line. */
export type TypedAtPrompt = readonly [RegExp, string];

export interface TerminalSession {
  readonly columns: number;
  readonly rows: number;
  readonly typed: readonly TypedAtPrompt[];
  /** Milliseconds after which everything is ended. */
  readonly patienceMs: number;
}

/** Lines of a shell that put the programs of the checkout into the PATH. */
export const linkPrograms = `
for program in umlmon umlwatch umladmin umldir umlweb umlrun; do
  ln -s "$PWD/dist/$program" "/usr/local/bin/$program"
done`;

/** Lines of a shell that add a kernel for all VMs. */
export const linkKernel = `
mkdir -p /etc/umlmon /var/lib/umlmon/shared/kernels
ln -s "$(sh src/setup/kernel.sh)" /var/lib/umlmon/shared/kernels/linux`;

/** Lines of a shell that make the VM vm1, with a root file system and its monitor. @param keys of its section */
export const makeVm1 = (keys = 'mem = 128M') => `
printf '[vm1]\\n${keys}\\nubd0 = /disks/root.dsk\\n' >/etc/umlmon/umlmon.ini
umladmin user vm1
umladmin start vm1
sh src/setup/image.sh /var/lib/umlmon/vm1/jail/disks/root.dsk
chown uml-vm1: /var/lib/umlmon/vm1/jail/disks/root.dsk`;

/** Runs lines of a shell there as root, and ends when they do. */
export async function runAtTerminal(
  script: string,
  { columns, rows, typed, patienceMs }: TerminalSession,
): Promise<{ readonly shown: string; readonly status: number }> {
  const terminal = spawn(
    'unshare',
    [
      ...['--net', '--mount', 'sh', '-c', '! umount -l /run/netns 2>/dev/null; exec sh "$@"', 'sh'],
      ...[join(root, 'test/helpers/host/private-host.sh'), 'sh', '-ec'],
      `mkdir "$HOME"\nip link set lo up\n${script}`,
    ],
    {
      cwd: root,
      cols: columns,
      rows,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: '/home/administrator',
        TERM: 'xterm-256color',
        UMLMON_CACHE: dirname(testKernelDirectory()),
      },
    },
  );
  const waiting = [...typed];
  let shown = '';
  let searched = 0;
  terminal.onData((data) => {
    shown += data;
    const [next] = waiting;
    if (!next?.[0].test(shown.slice(searched))) return;
    waiting.shift();
    searched = shown.length;
    terminal.write(next[1]);
  });
  const tooLong = setTimeout(() => terminal.kill('SIGKILL'), patienceMs);
  const status = await new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode, signal }) => resolve(signal ? 128 + signal : exitCode));
  });
  clearTimeout(tooLong);
  return { shown, status };
}
