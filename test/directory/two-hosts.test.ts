/** umlwatch on one host, a VM on another: two network namespaces, and a firewall with two open ports. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setPassword } from '../../src/rpc/auth/password-file.ts';
import { NetNamespace } from '../helpers/host/net-namespace.ts';
import { TestUmldir, until, writeGlobal } from '../helpers/programs/umldir.ts';
import { program, type Ran, World } from '../helpers/programs/world.ts';
import { compareLongOutput, longOutput } from '../helpers/terminal/long-output.ts';
import { Tmux } from '../helpers/terminal/tmux.ts';

const host = new NetNamespace();
const client = new NetNamespace();
const world = new World(host.name);
const password = 'correct horse battery';
const passwordFile = join(world.home, 'password');
const place = 'vm1@10.9.0.1';
/** The client has no configuration. */
const env = { XDG_STATE_HOME: world.home, UMLMON_CONFIG: join(world.home, 'none.ini') };
const keys = { host_name: 'host1', tcp_redir: 'true' };
let umldir: TestUmldir;

beforeAll(async () => {
  host.connect('h0', client, 'c0');
  host.run('ip address add 10.9.0.1/24 dev h0');
  client.run('ip address add 10.9.0.2/24 dev c0');
  host.run('nft add table inet filter');
  host.run('nft add chain inet filter input { type filter hook input priority 0 ; }');
  host.run('nft add rule inet filter input iifname h0 tcp dport { 8655, 8656 } accept');
  host.run('nft add rule inet filter input iifname h0 meta l4proto { tcp, udp } drop');
  world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk\ncon1 = pty' }, 'tcp = true');
  world.addImage('vm1');
  await world.startMonitor('vm1');
  await setPassword(world.varDir, { vm: 'vm1', role: 'admin' }, password);
  writeFileSync(passwordFile, `${password}\n`);
  umldir = await TestUmldir.start({ home: world.home, keys, namespace: host.name });
}, 60_000);

afterAll(async () => {
  await umldir.end();
  await world.close();
  host.close();
  client.close();
});

const command = [program('umlwatch'), '-password-file', passwordFile];

/** umlwatch on the other host, as a user runs it. */
function watch(args: readonly string[], input = ''): Ran {
  const words = ['netns', 'exec', client.name, ...command, ...args];
  const options = { input, encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr } = spawnSync('ip', words, options);
  return { status, stdout, stderr };
}

const failureOf = (...args: readonly string[]) => {
  const { status, stderr } = watch(['-json', ...args]);
  const { code, place: where } = (JSON.parse(stderr) as { error: { code: string; place: string } }).error;
  return [status, code, where];
};

describe('through directory server and redirector', () => {
  test('every command works as on the host', () => {
    expect(watch([place, '-start', '-wait', 'kernel'])).toMatchObject({ status: 0, stderr: '' });
    expect(watch([place, '-info']).stdout).toMatch(/state +running/);
    const typed = watch([place], 'info\nsysrq h\nquit\n');
    expect(typed).toMatchObject({ status: 0, stderr: '' });
    expect(typed.stdout).toMatch(/state +running[\s\S]*sysrq/i);
  });

  test('ten MiB of a console arrive byte for byte', async () => {
    const words = ['netns', 'exec', client.name, ...command, place, '-connect', 'con1'];
    const child = spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    const pieces: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => pieces.push(bytes));
    child.stdin.end(longOutput.script);
    await once(child, 'close');
    const { expected, got } = compareLongOutput(Buffer.concat(pieces).toString());
    expect(got).toBe(expected);
  }, 60_000);

  test('in a terminal: a whole session, whose window may change', async () => {
    const words = ['ip', 'netns', 'exec', client.name, process.execPath, ...command];
    const commands = { umlwatch: `exec ${words.map((word) => `"${word}"`).join(' ')} "$@"` };
    const terminal = new Tmux({ commands, env });
    try {
      await terminal.shows('$');
      terminal.line(`umlwatch ${place} -connect con1`);
      await terminal.shows('con1 of vm1');
      terminal.keys('Enter');
      await terminal.shows(/\nvm1:\/root#$/);
      terminal.resize(100, 40);
      await terminal.repeat(() => terminal.line('stty size; hostname'), /^40 100\nvm1$/m);
      terminal.keys('C-]', 'd');
      await terminal.shows('[detached from con1]');
    } finally {
      terminal.close();
    }
  });
});

describe('an error names the stage that failed:', () => {
  test('the monitor, which has another password', () => {
    writeFileSync(join(world.home, 'wrong'), 'a wrong one\n');
    const [status, code] = failureOf(place, '-password-file', join(world.home, 'wrong'), '-info');
    expect([status, code]).toEqual([4, 'PASSWORD_WRONG']);
  });

  test('the directory server, which does not know the VM', () => {
    expect(failureOf('vm9@10.9.0.1', '-info')).toEqual([4, 'DIRECTORY_NO_VM', 'umldir of host1']);
  });

  test('a missing redirector, with a monitor that serves only its own host', async () => {
    writeGlobal(world.home, { ...keys, tcp_redir: 'false' });
    const from = umldir.log.length;
    umldir.child.kill('SIGHUP');
    await umldir.said('was reloaded', from);
    expect(failureOf(place, '-info')).toEqual([4, 'DIRECTORY_NO_PORT', 'umldir of 10.9.0.1:8655']);
  });

  test('a missing directory server', async () => {
    await umldir.end();
    expect(failureOf(place, '-info')).toEqual([4, 'DIRECTORY_UNREACHABLE', 'umldir of 10.9.0.1:8655']);
  });

  test('no warning, once it runs again', async () => {
    umldir = await TestUmldir.start({ home: world.home, keys, namespace: host.name });
    await until('vm1 is there', () => watch([place, '-info']).status === 0);
  });
});
