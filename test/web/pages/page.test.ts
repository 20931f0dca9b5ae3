/** umlweb in a real browser, with a real VM. */
import { mkdirSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { World } from '../../helpers/programs/world.ts';
import { CutLine } from '../../helpers/terminal/cut-line.ts';
import { Web } from '../../helpers/web/web.ts';
import { linesOf, openPage, patience, screenOf, shows, typeLine } from '../../helpers/web/web-page.ts';

/** Where pictures of the pages go, for people to look at. */
const shots = process.env.UMLMON_TEST_SCREENSHOTS;

let world: World;
let web: Web;
let line: CutLine;
let browser: Browser;
let client: MonitorClient;
/** What the browser had against the pages. */
const complaints: string[] = [];

const vm = 'kernel = /shared/kernels/linux\nubd0 = /disks/root.dsk\nmem = 64M';
const keys = () => `web_listen = 127.0.0.1:0\nweb_url = http://127.0.0.1:${line.port}/`;

beforeAll(async () => {
  world = new World();
  line = await CutLine.open();
  world.configure({ vm1: vm, vm2: vm }, keys());
  world.addImage('vm1');
  world.addSharedImage();
  for (const name of ['one', 'two'])
    world.run('umladmin', ['disk', 'cow-create', `vm1:/disks/${name}.cow`, '/shared/disks/root.dsk']);
  await world.startMonitor('vm1');
  client = await world.client('vm1');
  web = await Web.start(world, ['admin', 'view']);
  line.to(Number(new URL(web.url).port));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});

afterAll(async () => {
  await browser?.close();
  client?.close();
  await web?.close();
  line?.close();
  await world?.close();
});

const open = (context: BrowserContext, role: 'admin' | 'view' = 'admin') =>
  openPage(context, `http://127.0.0.1:${line.port}/`, role, complaints);

async function shoot(page: Page, name: string): Promise<void> {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png` });
}

const rowOf = (page: Page) => page.getByRole('row', { name: /vm1/ });
test('a VM is started and used; a lost connection loses no output; another viewer takes control and stops the VM', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await open(context);
  await rowOf(page).getByText('stopped', { exact: true }).waitFor();
  await rowOf(page).getByRole('button', { name: 'Start vm1' }).click();
  await rowOf(page).getByText('running', { exact: true }).waitFor(patience);

  await rowOf(page).getByRole('link', { name: 'Console of vm1' }).click();
  const screen = screenOf(page);
  await shows(screen, /#$/m);
  await typeLine(page, 'echo a$((40+2))b');
  await shows(screen, /^a42b$/m);

  // Its window is that of the guest.
  const size = async () =>
    /^(\d+) (\d+)$/m.exec((await linesOf(screen)).join('\n').split('stty size').at(-1) ?? '');
  await typeLine(page, 'stty size');
  await expect.poll(size, patience).not.toBeNull();
  const [, before] = (await size()) ?? [];
  expect(Number(before)).toBe(await screen.locator('> div').count());
  await page.setViewportSize({ width: 1000, height: 600 });
  await expect.poll(() => screen.locator('> div').count(), patience).toBeLessThan(Number(before));
  const rows = await screen.locator('> div').count();
  await expect
    .poll(async () => {
      await typeLine(page, 'clear; stty size');
      await shows(screen, /^\d+ \d+$/m);
      return Number((await size())?.[1]);
    }, patience)
    .toBe(rows);

  // What is typed while there is no network comes to the guest once; what the guest says meanwhile, to the page.
  await typeLine(
    page,
    'clear; for n in 1 2 3; do read x; echo "<$n:$x>"; done; seq 1 2000 | tail -3; echo all',
  );
  line.cut();
  await page.getByText('not connected').waitFor(patience);
  await typeLine(page, 'one');
  await typeLine(page, 'two');
  await shoot(page, 'console-lost');
  line.mend();
  await shows(screen, /^<1:one>$[\s\S]*^<2:two>$/m);
  await typeLine(page, 'three');
  await shows(screen, /^<3:three>$\s*1998\s*1999\s*2000\s*all$/m);
  await shows(screen, /#$/m);
  const text = (await linesOf(screen)).join('\n').trimEnd();
  expect(text.match(/<\d:/g)).toEqual(['<1:', '<2:', '<3:']);

  // Who comes later sees the same screen.
  const other = await browser.newContext({ viewport: { width: 1000, height: 600 } });
  const late = await open(other);
  await rowOf(late).getByRole('link', { name: 'Console of vm1' }).click();
  await expect.poll(async () => (await linesOf(screenOf(late))).join('\n').trimEnd(), patience).toBe(text);

  // And observes, until it takes over.
  await typeLine(late, 'echo not typed');
  await late.getByText(/controls this console; you are viewing/).waitFor(patience);
  await shoot(late, 'console-observer');
  await late.getByRole('button', { name: 'Take control' }).click();
  await page.getByText(/controls this console; you are viewing/).waitFor(patience);
  await typeLine(late, 'echo taken $((6*7))');
  await shows(screen, /^taken 42$/m);
  expect((await linesOf(screen)).join('\n')).not.toContain('not typed');
  await other.close();

  await page.goto(`http://127.0.0.1:${line.port}/#/`);
  await rowOf(page).getByRole('button', { name: 'Stop vm1' }).click();
  await shoot(page, 'dialog');
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await rowOf(page).getByText('stopped', { exact: true }).waitFor(patience);
  await context.close();
  expect(complaints).toEqual([]);
});

test('everything about a VM is on its page, and readable', async () => {
  if ((await client.call('info', undefined)).state === 'stopped') await client.call('start', undefined);
  for (const [look, options] of [
    ['light', { colorScheme: 'light', viewport: { width: 1280, height: 800 } }],
    ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 800 } }],
    ['phone', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }],
  ] as const) {
    const context = await browser.newContext(options);
    const page = await open(context);
    await rowOf(page).getByText('running', { exact: true }).waitFor(patience);
    await shoot(page, `${look}-dashboard`);
    await rowOf(page).getByRole('link', { name: 'vm1', exact: true }).click();
    for (const [tab, sign] of [
      ['Overview', /Linux \S+/],
      ['Configuration', /mem/],
      ['Disks', /two\.cow/],
      ['Network', /Interfaces/],
      ['Exits', /Last exit/],
      ['Logs', /Linux version/],
      ['Plan', /linux/],
    ] as const) {
      await page.getByRole('link', { name: tab, exact: true }).click();
      await page.locator('.content').getByText(sign).first().waitFor(patience);
      await shoot(page, `${look}-${tab.toLowerCase()}`);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width, `${look} ${tab}`).toBe(options.viewport.width);
    }
    await page.getByRole('link', { name: 'Console' }).click();
    await shows(screenOf(page), /#$/m);
    await shoot(page, `${look}-console`);
    await context.close();
  }
  expect(complaints).toEqual([]);
});

test('the keyboard is enough', async () => {
  if ((await client.call('info', undefined)).state === 'stopped') await client.call('start', undefined);
  const context = await browser.newContext();
  const page = await open(context);
  await rowOf(page).getByText('running', { exact: true }).waitFor(patience);
  const focused = () => page.evaluate('document.activeElement.textContent || document.activeElement.type');
  await page.keyboard.press('/');
  await page.keyboard.type('vm2');
  await rowOf(page).waitFor({ state: 'detached' });
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('run');
  await rowOf(page).waitFor();
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('vm1');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Console');
  await page.keyboard.press('Enter');
  await shows(screenOf(page), /#$/m);
  // The terminal takes the keyboard, TAB too, and gives it back.
  await expect.poll(focused).toBe('textarea');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('textarea');
  await page.keyboard.press('Control+Shift+E');
  expect(await focused()).toBe('con1');
  await context.close();
  expect(complaints).toEqual([]);
});

test('a console is one click away; a missing console is reported', async () => {
  const context = await browser.newContext();
  const page = await open(context);
  await page.goto(`http://127.0.0.1:${line.port}/#/vm/vm1`);
  await page.getByRole('link', { name: 'con1', exact: true }).click();
  await shows(screenOf(page), /#$/m);
  await page.goto(`http://127.0.0.1:${line.port}/#/console/vm1/con9`);
  await page.getByText('the VM has no such console or serial line').waitFor(patience);
  await context.close();
  expect(complaints).toEqual([]);
});

/** Notes what a console page says of its connection, and how long it waits before the next one: 250 ms, and then doubled. */
const watchLink = `
  window.seen = { texts: [], waits: [] };
  const setTimer = window.setTimeout.bind(window);
  window.setTimeout = (work, ms = 0) => {
    if (Number.isInteger(Math.log2(ms / 250))) seen.waits.push(ms);
    return setTimer(work, ms);
  };
  new MutationObserver(() => {
    const text = document.querySelector('.console .line')?.textContent;
    if (text && text !== seen.texts.at(-1)) seen.texts.push(text);
  }).observe(document, { subtree: true, childList: true, characterData: true });`;

test('a console without a monitor: why stays to be read, and it is tried more and more seldom', async () => {
  const context = await browser.newContext();
  await context.addInitScript({ content: watchLink });
  const page = await open(context);
  await page.goto(`http://127.0.0.1:${line.port}/#/console/vm2/con1`);
  const seen = () => page.evaluate('window.seen') as Promise<{ texts: string[]; waits: number[] }>;
  await expect.poll(async () => (await seen()).waits.length, patience).toBeGreaterThan(3);
  const { texts, waits } = await seen();
  expect(texts).toEqual(['connecting', 'no monitor is running for vm2']);
  expect(waits.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
  await context.close();
  expect(complaints).toEqual([]);
});

test('a user with role view sees no button and no console', async () => {
  const context = await browser.newContext();
  const page = await open(context, 'view');
  await rowOf(page).waitFor();
  expect(await rowOf(page).getByRole('button').count()).toBe(0);
  expect(await page.getByRole('link', { name: /Console/ }).count()).toBe(0);
  await page.goto(`http://127.0.0.1:${line.port}/#/console/vm1/con1`);
  await page.getByText('Your role does not include the consoles').waitFor(patience);
  await page.goto(`http://127.0.0.1:${line.port}/#/vm/vm1`);
  await page.getByRole('link', { name: 'Exits' }).waitFor(patience);
  expect(await page.getByRole('link', { name: /Logs|Plan/ }).count()).toBe(0);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Password').waitFor(patience);
  await context.close();
  expect(complaints).toEqual([]);
});

test('a VM that was removed from the configuration disappears from open pages when the next page opens', async () => {
  const [first, second] = [await browser.newContext(), await browser.newContext()];
  const page = await open(first);
  const gone = (at: Page) => at.getByRole('row', { name: /vm2/ });
  await gone(page).waitFor();
  const late = await open(second);
  world.configure({ vm1: vm }, keys());
  await expect
    .poll(
      async () => {
        await late.reload();
        await rowOf(late).waitFor();
        return gone(late).count();
      },
      { timeout: 60_000 },
    )
    .toBe(0);
  await gone(page).waitFor({ state: 'detached', ...patience });
  await first.close();
  await second.close();
  expect(complaints).toEqual([]);
}, 120_000);
