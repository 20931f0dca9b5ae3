/** umlweb with the VMs of another host: through its umldir and redirector, in a real browser. */
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { removePasswords, setPassword } from '../../../src/rpc/auth/password-file.ts';
import { webLimits } from '../../../src/system/limits/limits.ts';
import { freePort, registerAt, TestUmldir } from '../../helpers/programs/umldir.ts';
import { World } from '../../helpers/programs/world.ts';
import { passwordOf, Web } from '../../helpers/web/web.ts';
import { openPage, patience, screenOf, shows, typeLine } from '../../helpers/web/web-page.ts';

const here = new World();
const there = new World();
const passwordFile = join(here.home, 'web.password');
const password = 'that of umlweb';
const complaints: string[] = [];
let directoryPort = 0;
let umldir: TestUmldir;
let web: Web;
let browser: Browser;

beforeAll(async () => {
  const vm = 'kernel = /shared/kernels/linux\nubd0 = /disks/root.dsk\nmem = 64M';
  directoryPort = await freePort();
  there.configure({ vm1: vm, vm2: vm }, 'tcp = true');
  there.addImage('vm1');
  await setPassword(there.varDir, { vm: '*', role: 'admin' }, password);
  umldir = await startUmldir();
  await there.startMonitor('vm1');
  await there.startMonitor('vm2');
  here.configure(
    { vm1: vm },
    [
      'web_listen = 127.0.0.1:0',
      `web_hosts = localhost:${directoryPort}`,
      `web_password_file = ${passwordFile}`,
    ].join('\n'),
  );
  await here.startMonitor('vm1');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  web = await Web.start(here, ['admin', 'view']);
  await setPassword(here.varDir, { vm: 'vm1', role: 'admin' }, passwordOf('operate'));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  const status = await web?.close();
  await umldir?.end();
  await there.close();
  await here.close();
  expect([status, complaints]).toEqual([0, []]);
});

async function startUmldir(): Promise<TestUmldir> {
  const keys = {
    host_name: 'hostb',
    umldir_address: '127.0.0.1',
    umldir_port: directoryPort,
    tcp_redir: 'true',
    umlredir_port: await freePort(),
  };
  return TestUmldir.start({ home: there.home, keys });
}

let page: Page;
beforeEach(async () => {
  page = await openPage(await browser.newContext(), web.url, 'admin', complaints);
});
afterEach(() => page.context().close());

const rowOf = (name: string, at = page) => at.getByRole('row', { name });

test('a VM of another host is started, used and stopped as one of this host', async () => {
  const row = rowOf('vm1@hostb');
  await row.getByText('stopped', { exact: true }).waitFor(patience);
  await row.getByRole('button', { name: 'Start vm1@hostb' }).click();
  await row.getByText('running', { exact: true }).waitFor(patience);
  await rowOf('vm2@hostb').getByText('stopped', { exact: true }).waitFor(patience);
  // The one of this host that has the same name is another one.
  await rowOf('vm1 stopped').waitFor(patience);

  await row.getByRole('link', { name: 'Console of vm1@hostb' }).click();
  await shows(screenOf(page), /#$/m);
  await typeLine(page, 'echo $((6*7)) at $(hostname)');
  await shows(screenOf(page), /^42 at vm1$/m);

  await page.goto(`${web.url}#/vm/vm1@hostb/overview`);
  for (const [tab, sign] of [
    ['Overview', /Linux \S+/],
    ['Configuration', /mem/],
    ['Disks', /root\.dsk/],
    ['Exits', /Last exit/],
    ['Logs', /Linux version/],
    ['Plan', /plan for vm1/],
    // Whom the monitor there knows by name.
    ['Security', /admin@127\.0\.0\.1 via admin at 127\./],
  ] as const) {
    await page.getByRole('link', { name: tab, exact: true }).click();
    await page.locator('.content').getByText(sign).first().waitFor(patience);
  }

  await page.goto(`${web.url}#/`);
  await row.getByRole('button', { name: 'Stop vm1@hostb' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await row.getByText('stopped', { exact: true }).waitFor(patience);
});

test('a page may start with such a VM, before umlweb knows it', async () => {
  const fresh = await Web.start(here, []);
  try {
    const url = `${fresh.url}#/vm/vm1@hostb/config`;
    const first = await openPage(await browser.newContext(), url, 'admin', complaints, 'vm1@hostb');
    await first.locator('.content').getByText('64M').first().waitFor(patience);
    await first.context().close();
  } finally {
    await fresh.close();
  }
});

test('VMs appear and disappear with their monitors, and stay while only the directory server is missing', async () => {
  await rowOf('vm2@hostb').getByText('stopped', { exact: true }).waitFor(patience);
  await there.signalMonitor('vm2', 'SIGTERM');
  await rowOf('vm2@hostb').waitFor({ state: 'detached', ...patience });
  await there.startMonitor('vm2');
  await rowOf('vm2@hostb').getByText('stopped', { exact: true }).waitFor(patience);

  await umldir.end();
  const warning = page
    .locator('p.problem')
    .getByText(/^umldir of localhost:\d+: cannot connect to the directory server/);
  await warning.waitFor(patience);
  // Nobody knows whether there is one.
  expect(await ask(page, 'GET', 'api/vms/vm9@hostb/info')).toMatchObject({
    status: 502,
    body: {
      place: 'vm9@hostb',
      cause: expect.stringContaining('cannot connect to the directory server') as string,
    },
  });
  await rowOf('vm1@hostb').getByText('unreachable').waitFor(patience);
  umldir = await startUmldir();
  await warning.waitFor({ state: 'detached', ...patience });
  await rowOf('vm1@hostb').getByText('stopped', { exact: true }).waitFor(patience);
}, 60_000);

test('only users with a password for all VMs reach them, within its role', async () => {
  await rowOf('vm1@hostb').getByText('stopped', { exact: true }).waitFor(patience);
  const looker = await openPage(await browser.newContext(), web.url, 'view', complaints);
  await rowOf('vm1@hostb', looker).getByText('stopped', { exact: true }).waitFor(patience);
  expect(await rowOf('vm1@hostb', looker).getByRole('button').count()).toBe(0);
  const answered = await ask(looker, 'POST', 'api/vms/vm1@hostb/start');
  expect(answered).toMatchObject({
    status: 403,
    body: { code: 'ROLE_TOO_LOW', cause: 'this needs the role operate, and yours is view' },
  });
  await looker.context().close();

  // A password for the VM of this name on this host only.
  const owner = await openPage(await browser.newContext(), web.url, 'operate', complaints);
  await rowOf('vm1', owner).getByText('stopped', { exact: true }).waitFor(patience);
  expect(await owner.getByText('hostb').count()).toBe(0);
  expect(await ask(owner, 'GET', 'api/vms/vm1@hostb/info')).toMatchObject({ status: 404 });
  await owner.context().close();

  expect(await ask(page, 'GET', 'api/vms/vm9@hostb/info')).toMatchObject({ status: 404 });
});

/** A request of a page, with the token of its session. */
function ask(from: Page, method: string, path: string): Promise<unknown> {
  return from.evaluate(
    async ([method, path]) => {
      const { token } = (await (await fetch('api/session')).json()) as { token: string };
      const answer = await fetch(path ?? '', { method: method ?? '', headers: { 'x-umlweb-token': token } });
      return { status: answer.status, body: (await answer.json()) as unknown };
    },
    [method, path],
  );
}

test('a password that the other host refuses is reported, and a new one works without a restart', async () => {
  await rowOf('vm1@hostb').getByText('stopped', { exact: true }).waitFor(patience);
  await page.goto('about:blank');
  await removePasswords(there.varDir, '*');
  await setPassword(there.varDir, { vm: '*', role: 'admin' }, 'a new one of hostb');
  await page.goto(web.url);
  await rowOf('vm1@hostb')
    .getByText(/password/)
    .waitFor(patience);
  await rowOf('vm1@hostb').getByText('unreachable').waitFor(patience);
  writeFileSync(passwordFile, 'a new one of hostb\n');
  await rowOf('vm1@hostb').getByText('stopped', { exact: true }).waitFor(patience);
});

test.each([
  ['web_password_file', /web_hosts: monitors of other hosts require a password/],
  ['/nonexistent', /\/nonexistent: the file does not exist/],
])('a start without a password that can be used: %s', async (file, words) => {
  const world = new World();
  const line = file.startsWith('/') ? `web_password_file = ${file}` : '';
  world.configure({}, `web_listen = 127.0.0.1:0\nweb_hosts = hostb\n${line}`);
  const { status, stderr } = world.run('umlweb', []);
  await world.close();
  expect(status).toBe(3);
  expect(stderr).toMatch(words);
});

test('more VMs than a directory lets one address ask for at once', async () => {
  const [far, near] = [new World(), new World()];
  const port = await freePort();
  const keys = { host_name: 'hostc', umldir_address: '127.0.0.1', umldir_port: port, tcp_redir: 'true' };
  const directory = await TestUmldir.start({
    home: far.home,
    keys: { ...keys, umlredir_port: await freePort() },
  });
  // In the place of monitors: that they hang up is another warning than those of the directory.
  const listener = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const at = (listener.address() as AddressInfo).port;
  const names = Array.from({ length: webLimits.otherVms }, (_, count) => `vm${count}`);
  const registered = await Promise.all(names.map((name) => registerAt(far.home, { name, port: at })));
  const file = join(near.home, 'web.password');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  const lines = ['web_listen = 127.0.0.1:0', `web_hosts = 127.0.0.1:${port}`, `web_password_file = ${file}`];
  near.configure({}, lines.join('\n'));
  const many = await Web.start(near, ['view']);
  try {
    const all = await openPage(await browser.newContext(), many.url, 'view', complaints);
    const problems = all.locator('tr .problem');
    await expect
      .poll(async () => (await problems.allInnerTexts()).filter(Boolean).length, { timeout: 60_000 })
      .toBe(names.length);
    expect((await problems.allInnerTexts()).join('\n')).not.toMatch(/cannot connect to the directory server/);
    await all.context().close();
  } finally {
    await many.close();
    for (const client of registered) client.close();
    await directory.end();
    listener.close();
    await far.close();
    await near.close();
  }
}, 120_000);
