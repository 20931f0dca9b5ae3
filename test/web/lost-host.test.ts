/** Another host that is gone without a word, and comes back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { setPassword } from '../../src/rpc/password-file.ts';
import { Monitors } from '../../src/web/monitors.ts';
import { CutLine } from '../helpers/cut-line.ts';
import { freePort, registerAt, TestUmldir } from '../helpers/umldir.ts';
import { World } from '../helpers/world.ts';

test('a connection on which no answer came is not used again', async () => {
  const [here, there, line] = [new World(), new World(), await CutLine.open()];
  const [port, monitorPort] = [await freePort(), await freePort()];
  const directory = await TestUmldir.start({
    home: here.home,
    keys: { host_name: 'hostb', umldir_address: '127.0.0.1', umldir_port: port },
  });
  const registered = await registerAt(here.home, { name: 'vm1', port: line.port });
  const vm = `kernel = /shared/kernels/linux\nubd0 = /disks/root.dsk\ntcp_port = ${monitorPort}`;
  there.configure({ vm1: vm }, 'tcp = true');
  there.addImage('vm1');
  await setPassword(there.varDir, { vm: '*', role: 'admin' }, 'that of umlweb');
  await there.startMonitor('vm1');
  line.to(monitorPort);
  const file = join(here.home, 'web.password');
  writeFileSync(file, 'that of umlweb\n', { mode: 0o600 });
  here.configure({}, `web_hosts = 127.0.0.1:${port}\nweb_password_file = ${file}`);
  const monitors = new Monitors(here.configPath, '');
  const stateOf = () =>
    monitors.with('vm1@hostb', async (client) => (await client.call('info', undefined)).state);
  try {
    expect(await stateOf()).toBe('down');
    line.hush();
    await expect(stateOf()).rejects.toMatchObject({ code: 'RPC_TIMEOUT' });
    expect(await stateOf()).toBe('down');
  } finally {
    monitors.close();
    registered.close();
    await directory.end();
    line.close();
    await there.close();
    await here.close();
  }
});
