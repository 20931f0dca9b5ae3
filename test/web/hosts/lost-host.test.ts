/** Another host that is gone without a word, and comes back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setPassword } from '../../../src/rpc/auth/password-file.ts';
import { MonitorConnections } from '../../../src/web/hosts/monitors.ts';
import { dashboardIdentity } from '../../../src/web/identity.ts';
import { Hub } from '../../../src/web/vms/hub.ts';
import type { LiveMessage, WireEvent } from '../../../src/web/wire.ts';
import { freePort, registerAt, TestUmldir, until } from '../../helpers/programs/umldir.ts';
import { World } from '../../helpers/programs/world.ts';
import { CutLine } from '../../helpers/terminal/cut-line.ts';

let here: World;
let there: World;
/** Between umlweb and the monitor. */
let line: CutLine;
let directory: TestUmldir;
let registered: { close(): void };
let monitors: MonitorConnections;

beforeEach(async () => {
  [here, there, line] = [new World(), new World(), await CutLine.open()];
  const [port, monitorPort] = [await freePort(), await freePort()];
  directory = await TestUmldir.start({
    home: here.home,
    keys: { host_name: 'hostb', umldir_address: '127.0.0.1', umldir_port: port },
  });
  const vm = `kernel = /shared/kernels/linux\nubd0 = /disks/root.dsk\ntcp_port = ${monitorPort}`;
  there.configure({ vm1: vm }, 'tcp = true');
  there.addImage('vm1');
  await setPassword(there.varDir, { vm: '*', role: 'admin' }, 'that of umlweb');
  await there.startMonitor('vm1');
  line.to(monitorPort);
  registered = await registerAt(here.home, { name: 'vm1', port: line.port });
  const file = join(here.home, 'web.password');
  writeFileSync(file, 'that of umlweb\n', { mode: 0o600 });
  here.configure({}, `web_hosts = 127.0.0.1:${port}\nweb_password_file = ${file}`);
  monitors = new MonitorConnections(here.configPath);
});

afterEach(async () => {
  monitors.close();
  registered.close();
  await directory.end();
  line.close();
  await there.close();
  await here.close();
});

test('a connection on which no answer came is not used again', async () => {
  const stateOf = () =>
    monitors.with(
      'vm1@hostb',
      dashboardIdentity,
      async (client) => (await client.call('info', undefined)).state,
    );
  expect(await stateOf()).toBe('stopped');
  line.hush();
  await expect(stateOf()).rejects.toMatchObject({ code: 'RPC_TIMEOUT' });
  expect(await stateOf()).toBe('stopped');
});

/** What a page is told. */
class TestPage {
  names: readonly string[] = [];
  readonly events: WireEvent[] = [];
  readonly seesAll = true;
  maySee = () => true;

  send(text: string): void {
    const message = JSON.parse(text) as LiveMessage;
    if (message.kind === 'vms') this.names = message.names;
    else if (message.kind === 'events') this.events.push(...message.events);
  }
}

test('a VM that its directory does not know for a while has each event once', async () => {
  const hub = new Hub(monitors);
  const [page, late] = [new TestPage(), new TestPage()];
  hub.add(page);
  try {
    await until('its events', () => page.events.length > 0);
    const latest = Math.max(...sequencesOf(page));
    registered.close();
    await until('it is gone', () => page.names.length === 0);
    registered = await registerAt(here.home, { name: 'vm1', port: line.port });
    await until('it has come', () => page.names.length === 1);
    // Another login is one, which comes with those before it.
    await until('a new event', () => sequencesOf(page).some((sequence) => sequence > latest));
    hub.add(late);
    const sequences = sequencesOf(late);
    expect(sequences).toContain(latest);
    expect(sequences).toEqual([...new Set(sequences)]);
  } finally {
    hub.close();
  }
});

const sequencesOf = ({ events }: TestPage) => events.map(({ sequence }) => sequence);
