/**
 * Set-up of the unit tier: a worker of root becomes an ordinary user without a kernel before the tests of a file, so
 * that a test that needs more fails wherever it runs.
 */
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import koffi from 'koffi';

/** nobody of Debian and of most other systems. */
const nobody = 65_534;
/** linux/prctl.h */
const PR_SET_DUMPABLE = 4;

delete process.env.UMLMON_TEST_KERNEL;
delete process.env.UMLMON_TEST_IMAGE;
if (process.getuid?.() === 0) becomeNobody();

function becomeNobody(): void {
  process.setegid?.(nobody);
  process.seteuid?.(nobody);
  try {
    closeSync(openSync(import.meta.filename, 'r'));
  } catch {
    process.seteuid?.(0);
    process.setegid?.(0);
    console.warn(`The unit tier runs as root, because ordinary users cannot read ${import.meta.filename}`);
    return;
  }
  process.seteuid?.(0);
  process.setgroups?.([]);
  process.setgid?.(nobody);
  process.setuid?.(nobody);
  // A change of user gives the files of /proc/self to root (proc_pid_self(5), dumpable).
  const prctl = koffi.load('libc.so.6').func('int prctl(int, ulong, ulong, ulong, ulong)');
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  process.env.HOME = tmpdir();
  delete process.env.XDG_RUNTIME_DIR;
}
