/** What is wrong with a VM, what was asked of it and failed, and a restart: on its page. */
import { EventEmitter, once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { World } from '../../helpers/programs/world.ts';
import { axeViolations } from '../../helpers/web/axe.ts';
import { Web } from '../../helpers/web/web.ts';
import { openPage, patience, screenOf, shows, typeLine } from '../../helpers/web/web-page.ts';

let world: World;
let web: Web;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let client: MonitorClient;
const complaints: string[] = [];

const vm = 'kernel = /shared/kernels/linux\nubd0 = /disks/root.dsk\nmem = 64M\non_crash = stop';

beforeAll(async () => {
  world = new World();
  // There is no image of vm2.
  world.configure({ vm1: vm, vm2: vm }, 'web_listen = 127.0.0.1:0');
  world.addImage('vm1');
  await world.startMonitor('vm1');
  await world.startMonitor('vm2');
  client = await world.client('vm1');
  await client.call('start', undefined);
  web = await Web.start(world, ['admin']);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  page = await openPage(context, web.url, 'admin', complaints);
});

afterAll(async () => {
  await browser?.close();
  client?.close();
  await web?.close();
  await world?.close();
});

/** Where pictures of the pages go, for people to look at. */
const shots = process.env.UMLMON_TEST_SCREENSHOTS;
async function shoot(name: string): Promise<void> {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
}

const warnings = () => page.locator('.warnings');

test('the reason of a failed start is shown completely at the top of the page, until it is dismissed', async () => {
  await page.goto(`${web.url}#/vm/vm2`);
  await page.getByRole('button', { name: 'Start vm2' }).click();
  await warnings().getByText('Start failed').waitFor(patience);
  const text = await warnings().innerText();
  expect(text).toMatch(/root\.dsk/);
  await shoot('start-failed');
  expect(await axeViolations(page)).toEqual([]);
  // It stays on the other tabs, and can be tried again.
  await page.getByRole('link', { name: 'Plan' }).click();
  expect(await warnings().innerText()).toBe(text);
  expect(await page.getByRole('button', { name: 'Start vm2' }).isEnabled()).toBe(true);
  expect(await page.locator('.notes .note').count()).toBe(0);
  await warnings().getByRole('button', { name: 'Dismiss' }).click();
  await expect.poll(() => warnings().getByText('Start failed').count()).toBe(0);
});

test('a start that takes long and fails: the page shows all lines of its cause', async () => {
  const cause = [
    'Kernel panic - not syncing: VFS: Unable to mount root fs',
    'the lines before it:',
    'x'.repeat(3000),
  ];
  let asked = 0;
  const gate = new EventEmitter();
  const failed = once(gate, 'fail');
  await page.route('**/api/vms/vm2/start', (route) => route.fulfill({ status: 202, json: { late: 7 } }));
  await page.route('**/api/late/7', async (route) => {
    asked += 1;
    if (asked === 1) return route.fulfill({ status: 202, json: { late: 7 } });
    await failed;
    const json = { code: 'START_FAILED', place: 'vm2', cause: cause.join('\n'), hint: 'umlwatch vm2 -crash' };
    return route.fulfill({ status: 409, json });
  });
  await page.goto(`${web.url}#/vm/vm2`);
  await page.getByRole('button', { name: 'Start vm2' }).click();
  await warnings().getByText('In progress: Start').waitFor(patience);
  const start = page.getByRole('button', { name: 'Start vm2' });
  expect(await start.getAttribute('aria-disabled')).toBe('true');
  await start.click({ force: true });
  // The keyboard is where it was.
  expect(await start.evaluate((button) => button === button.ownerDocument.activeElement)).toBe(true);
  gate.emit('fail');
  await warnings().getByText('Start failed').waitFor(patience);
  const text = await warnings().innerText();
  for (const line of [...cause, 'umlwatch vm2 -crash']) expect(text).toContain(line);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  // From the dashboard, a note says so, and stays.
  asked = 0;
  await page.goto(`${web.url}#/`);
  await page.getByRole('button', { name: 'Start vm2' }).click();
  await page
    .locator('.note')
    .getByText(/Start: vm2: Kernel panic/)
    .waitFor(patience);
  await shoot('start-failed-note');
  const note = page.locator('.note').first();
  await note.getByRole('button', { name: 'Dismiss' }).click();
  await expect.poll(() => page.locator('.note').count()).toBe(0);
  await page.unroute('**/api/vms/vm2/start');
  await page.unroute('**/api/late/7');
});

test('a restart shuts the guest down and starts it again', async () => {
  const before = await client.call('info', undefined);
  await page.goto(`${web.url}#/vm/vm1`);
  await page.getByRole('button', { name: 'Restart vm1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  await page
    .locator('.note')
    .getByText(/^vm1: .*; .*running/)
    .waitFor(patience);
  const after = await client.call('info', undefined);
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Console');
  expect(after.state).toBe('running');
  expect(after.kernelPid).not.toBe(before.kernelPid);
  expect(after.lastExit).toMatchObject({
    cause: 'poweroff',
    askedBy: expect.stringContaining('via') as string,
  });
});

test('a stop that takes long can be ended by a kill, and the keyboard stays among the buttons', async () => {
  await page.goto(`${web.url}#/console/vm1/con1`);
  await shows(screenOf(page), /# *$/m);
  // A guest that does not hear of it.
  await typeLine(page, 'kill -STOP 1; echo stopped$((1+1))');
  await shows(screenOf(page), /^stopped2$/m);
  const gate = new EventEmitter();
  const ended = once(gate, 'end');
  await page.route('**/api/vms/vm1/stop', async (route) => {
    await ended;
    await route.fulfill({ status: 200, json: { text: 'stopped' } });
  });
  await page.goto(`${web.url}#/vm/vm1`);
  await page.getByRole('button', { name: 'Stop vm1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await warnings().getByText('In progress: Stop').waitFor(patience);
  expect(await page.getByRole('button', { name: 'Pause vm1' }).getAttribute('aria-disabled')).toBe('true');
  await page.getByRole('button', { name: 'Kill vm1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Kill' }).click();
  await page.locator('.bar').getByText('stopped', { exact: true }).waitFor(patience);
  gate.emit('end');
  await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Console');
  await page.unrouteAll({ behavior: 'wait' });
  await client.call('start', undefined);
});

test('a VM that has crashed has a warning at the top of its page, and on the dashboard', async () => {
  await page.goto(`${web.url}#/console/vm1/con1`);
  // Of this run: a shell that has answered.
  await shows(screenOf(page), /# *$/m);
  await typeLine(page, 'echo up$((1+1))');
  await shows(screenOf(page), /^up2$/m);
  await typeLine(page, 'echo c >/proc/sysrq-trigger');
  await expect.poll(async () => (await client.call('info', undefined)).state, patience).toBe('stopped');
  await page.goto(`${web.url}#/vm/vm1`);
  await warnings()
    .getByText(/^it crashed/)
    .waitFor(patience);
  await shoot('crashed');
  await page.goto(`${web.url}#/`);
  await page
    .locator('tr .problem')
    .getByText(/^it crashed/)
    .waitFor(patience);
  await page.goto(`${web.url}#/vm/vm1`);
  await page.getByRole('button', { name: 'Start vm1' }).click();
  await page.locator('.bar').getByText('running', { exact: true }).waitFor(patience);
  await expect
    .poll(() =>
      warnings()
        .getByText(/crashed/)
        .count(),
    )
    .toBe(0);
  expect(complaints).toEqual([]);
});
