/** A monitor that is used from afar, over TLS, on a host of its own: a network namespace. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setPassword } from '../../../src/rpc/auth/password-file.ts';
import { NetNamespace } from '../../helpers/host/net-namespace.ts';
import { program, type Ran, World } from '../../helpers/programs/world.ts';
import { compareLongOutput, longOutput } from '../../helpers/terminal/long-output.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const host = new NetNamespace();
const world = new World(host.name);
const password = 'correct horse battery';
const files = {
  password: join(world.home, 'password'),
  wrong: join(world.home, 'wrong'),
  known: join(world.home, 'umlwatch_known_hosts'),
};
const place = 'vm1@127.0.0.1:7801';

const configure = (global: string) =>
  world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk\ncon1 = pty\ntcp_port = 7801' }, global);

beforeAll(async () => {
  process.env.XDG_STATE_HOME = world.home;
  configure('tcp = true');
  world.addImage('vm1');
  await world.startMonitor('vm1');
  await setPassword(world.varDir, { vm: 'vm1', role: 'admin' }, password);
  writeFileSync(files.password, `${password}\n`);
  writeFileSync(files.wrong, 'a wrong one\n');
}, 60_000);
afterAll(async () => {
  try {
    await world.close();
  } finally {
    host.close();
  }
});

/** umlwatch from afar, as a user runs it. */
function watch(...args: readonly string[]): Ran {
  return world.run('umlwatch', [place, '-password-file', files.password, ...args]);
}

/** The code of the error that umlwatch -json has told. */
function codeIn(stderr: string): string {
  return (JSON.parse(stderr) as { error: { code: string } }).error.code;
}

describe('umlwatch from afar', () => {
  test('does what it does on the host', () => {
    expect(watch('-start', '-wait', 'kernel')).toMatchObject({ status: 0, stderr: '' });
    expect(watch('-info').stdout).toMatch(/state +running[\s\S]*tcp +127\.0\.0\.1:7801/);
    expect(watch('-mconsole', 'version').stdout).toContain('Linux');
    const typed = world.run('umlwatch', [place, '-password-file', files.password], 'info\nsysrq h\nquit\n');
    expect(typed).toMatchObject({ status: 0, stderr: '' });
    expect(typed.stdout).toMatch(/state +running[\s\S]*sysrq/i);
  });

  test('reports which connection has failed', () => {
    const fails = (target: string, ...args: readonly string[]) => {
      const { status, stderr } = world.run('umlwatch', [
        '-json',
        target,
        '-password-file',
        files.password,
        ...args,
        '-info',
      ]);
      return [status, codeIn(stderr)];
    };
    expect(fails('vm1@nohost.invalid:7801')).toEqual([4, 'REMOTE_NAME']);
    expect(fails('vm1@127.0.0.1:7802')).toEqual([4, 'REMOTE_CONNECT']);
    expect(fails(place, '-plain')).toEqual([4, 'REMOTE_TLS']);
    expect(fails(place, '-password-file', files.wrong)).toEqual([4, 'PASSWORD_WRONG']);
    expect(fails(place, '-password-file', '/nonexistent')).toEqual([2, 'PASSWORD_BAD']);
    expect(fails(place, '-ca', '/nonexistent')).toEqual([2, 'USAGE']);
    expect(fails('vm1@127.0.0.1:port')).toEqual([2, 'USAGE']);
  });

  test('takes the password from a program, too', () => {
    const ask = join(world.home, 'ask');
    writeFileSync(ask, `#!/bin/sh\ncase $1 in *${place}*) echo "${password}";; esac\n`, { mode: 0o755 });
    process.env.UMLMON_ASKPASS = ask;
    expect(world.run('umlwatch', [place, '-info'])).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(ask, '#!/bin/sh\nexit 3\n');
    expect(world.run('umlwatch', [place, '-info']).stderr).toContain('exit status 3');
    delete process.env.UMLMON_ASKPASS;
  });

  test('carries ten MiB of a console byte for byte', async () => {
    const { stdout } = await output(
      ['-password-file', files.password, '-connect', 'con1'],
      longOutput.script,
    );
    const { expected, got } = compareLongOutput(stdout);
    expect(got).toBe(expected);
  }, 60_000);

  test('in a terminal: the password is not shown, the window may change, CTRL-] leaves', async () => {
    const commands = {
      umlwatch: `exec ip netns exec ${host.name} "${process.execPath}" "${program('umlwatch')}" -config "${world.configPath}" "$@"`,
    };
    const terminal = new Tmux({ commands, env: { XDG_STATE_HOME: world.home } });
    try {
      await terminal.shows('$');
      terminal.line(`umlwatch ${place} -connect con1`);
      await terminal.shows(`password for ${place}:`);
      terminal.line('not the one');
      await terminal.shows(/wrong password\npassword for/);
      terminal.line(password);
      const screen = await terminal.shows('con1 of vm1');
      expect(screen).not.toMatch(/not the one|horse/);
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

/** umlwatch with all of its output, and a standard input that ends. */
async function output(
  args: readonly string[],
  input: string,
): Promise<{ stdout: string; status: number | null }> {
  const words = [
    'netns',
    'exec',
    host.name,
    program('umlwatch'),
    '-config',
    world.configPath,
    place,
    ...args,
  ];
  const child = spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => pieces.push(bytes));
  child.stdin.end(input);
  const [status] = (await once(child, 'close')) as [number | null];
  return { stdout: Buffer.concat(pieces).toString(), status };
}

/** What a program on the way sees while something is done. */
async function captured(act: () => void): Promise<string> {
  const file = join(world.home, 'capture');
  rmSync(file, { force: true });
  const words = [
    'netns',
    'exec',
    host.name,
    'tcpdump',
    '-i',
    'lo',
    '-U',
    '--immediate-mode',
    '-w',
    file,
    '-Z',
    'root',
  ];
  const tcpdump = spawn('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(tcpdump, 'exit');
  try {
    // Its words come in pieces, and whoever stops reading them ends it.
    let said = '';
    await new Promise<void>((resolve) => {
      tcpdump.stderr.on('data', (text: Buffer) => {
        said += text.toString();
        if (said.includes('listening on')) resolve();
      });
    });
    act();
    // A packet after all others: when it is in the file, they are.
    const marker = 'printf end-of-capture >/dev/udp/127.0.0.1/9';
    execFileSync('ip', ['netns', 'exec', host.name, 'bash', '-c', marker]);
    for (let attempt = 0; !readFileSync(file, 'latin1').includes('end-of-capture'); attempt++) {
      if (attempt > 200) throw new Error('tcpdump does not write');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    // It has written what counts; SIGINT it may notice only with the next packet.
    tcpdump.kill('SIGKILL');
    await exit;
  }
  return readFileSync(file, 'latin1');
}

describe('a host on the path', () => {
  const act = (...options: readonly string[]) => {
    const script = 'echo the-se"cret"-of-con1\n';
    const args = [place, '-password-file', files.password, ...options, '-connect', 'con1'];
    const { stdout } = world.run('umlwatch', args, script);
    expect(stdout).toContain('the-secret-of-con1');
  };

  test('sees no byte of a console', async () => {
    const seen = await captured(() => act());
    expect(seen.length).toBeGreaterThan(3000);
    expect(seen).not.toContain('the-secret-of-con1');
    expect(seen).not.toMatch(/the-se|horse|umlmon|vm1/);
  });

  test('sees everything with tcp = plain, but no password', async () => {
    await world.stopMonitors();
    configure('tcp = plain');
    await world.startMonitor('vm1');
    world.run('umlwatch', ['vm1', '-start', '-wait', 'kernel']);
    const seen = await captured(() => act('-plain'));
    expect(seen).toContain('the-secret-of-con1');
    expect(seen).not.toContain('horse');
    await world.stopMonitors();
  });
});

describe('the certificate of the host', () => {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', [...args], {
      cwd: world.home,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const run = async (global: string, ...args: readonly string[]) => {
    configure(global);
    await world.startMonitor('vm1');
    const ran = watch('-json', ...args, '-info');
    await world.stopMonitors();
    return ran.status === 0 ? 'served' : codeIn(ran.stderr);
  };

  test('is made once, for the user of the monitors alone', async () => {
    const file = join(world.varDir, '.tls.pem');
    expect(statSync(file).mode & 0o7777).toBe(0o600);
    const before = readFileSync(file, 'utf8');
    expect(await run('tcp = true')).toBe('served');
    expect(readFileSync(file, 'utf8')).toBe(before);
    const known = readFileSync(files.known, 'utf8');
    const shown = openssl('x509', '-in', file, '-noout', '-fingerprint', '-sha256');
    expect(known).toBe(`${place} ${shown.trim().replace(/^.*=/, '')}\n`);
  });

  test('that has changed since the last login gets no proof of the password', async () => {
    rmSync(join(world.varDir, '.tls.pem'));
    expect(await run('tcp = true')).toBe('REMOTE_IDENTITY');
    rmSync(files.known);
    expect(await run('tcp = true')).toBe('served');
  });

  test('may be signed by an authority', async () => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...key, '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem');
    openssl('req', ...key, '-subj', '/CN=host', '-keyout', 'host.key', '-out', 'host.csr');
    writeFileSync(join(world.home, 'ext'), 'subjectAltName=IP:127.0.0.1\n');
    const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'ext'];
    openssl('x509', '-req', '-in', 'host.csr', ...sign, '-out', 'host.pem');
    const global = `tcp = true\ntls_cert = ${world.home}/host.pem\ntls_key = ${world.home}/host.key`;
    rmSync(files.known);
    expect(await run(global, '-ca', join(world.home, 'ca.pem'))).toBe('served');
    // Whoever is vouched for need not be remembered.
    expect(existsSync(files.known)).toBe(false);
    expect(await run('tcp = true', '-ca', join(world.home, 'ca.pem'))).toBe('REMOTE_IDENTITY');
    writeFileSync(join(world.home, 'ext'), 'subjectAltName=IP:127.0.0.2\n');
    openssl('x509', '-req', '-in', 'host.csr', ...sign, '-out', 'host.pem');
    expect(await run(global, '-ca', join(world.home, 'ca.pem'))).toBe('REMOTE_IDENTITY');
  }, 60_000);

  test('that cannot be used prevents the start of the monitor', () => {
    configure(`tcp = true\ntls_cert = ${world.home}/host.pem\ntls_key = ${world.home}/ca.key`);
    const { status, stderr } = world.run('umlmon', ['-fg', 'vm1']);
    expect(status).toBe(3);
    expect(stderr).toMatch(/key and certificate cannot be used/);
  });
});
