import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { confine } from '../../src/jail/confine.ts';

const programs = {
  prlimit: '/usr/bin/prlimit',
  taskset: '/usr/bin/taskset',
  setarch: '/usr/bin/setarch',
  setpriv: '/usr/bin/setpriv',
  bwrap: '/usr/bin/bwrap',
};
const user = { uid: 61_236, gid: 61_236 };

test.each(['user-namespace', 'root'] as const)(
  'a confined program is the user of the VM without rights, network or files, and has what it was given (%s)',
  (launcher) => {
    const directory = mkdtempSync(join(tmpdir(), 'umlmon-confine-'));
    const path = join(directory, 'image');
    writeFileSync(path, 'given', { mode: 0o600 });
    spawnSync('chown', [`${user.uid}`, path]);
    const given = openSync(path, 'r+');
    try {
      const script = `
        id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status | tr -d '\\t' | tr '\\n' ' '; echo
        wc -l </proc/net/route; ls /etc /home /root /tmp /var 2>&1 | grep -vc 'No such file'
        exec 3<>/proc/self/fd/0; read -r text <&3; echo "$text"`;
      const [program = '', ...args] = [...confine({ launcher, programs, user }), 'sh', '-c', script];
      const { stdout, stderr } = spawnSync(program, args, {
        stdio: [given, 'pipe', 'pipe'],
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      expect(stdout.split('\n')).toEqual([
        `${user.uid}`,
        'CapEff:0000000000000000 CapBnd:0000000000000000 NoNewPrivs:1 ',
        '1',
        '0',
        'given',
        '',
      ]);
    } finally {
      closeSync(given);
      rmSync(directory, { recursive: true });
    }
  },
);
