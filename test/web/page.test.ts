/** umlweb in a real browser, with a real VM. */
import { mkdirSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { passwordOf, Web } from '../helpers/web.ts';
import { World } from '../helpers/world.ts';

const shots = process.env.UMLMON_TEST_SCREENSHOTS;

let world: World;
let web: Web;
let browser: Browser;

beforeAll(async () => {
  world = new World();
  world.configure(
    {
      vm1: 'start = manual\nkernel = /shared/kernels/linux\nubd0 = /disks/root.dsk\nmem = 64M',
      vm2: 'kernel = /shared/kernels/linux\nubd0 = /disks/root.dsk',
    },
    'web_listen = 127.0.0.1:0',
  );
  world.addImage('vm1');
  await world.startMonitor('vm1');
  web = await Web.start(world, ['admin', 'look']);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});

afterAll(async () => {
  await browser?.close();
  await web?.close();
  await world?.close();
});

async function logIn(context: BrowserContext, role: 'admin' | 'look' = 'admin'): Promise<Page> {
  const page = await context.newPage();
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) console.error('CSP', message.text());
  });
  page.on('pageerror', (error) => console.error('PAGE', error));
  await page.goto(web.url);
  await page.getByLabel('Password').fill(passwordOf(role));
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Virtual machines' }).waitFor();
  return page;
}

async function shoot(page: Page, name: string): Promise<void> {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png` });
}

test('a VM is started, used, resized, and stopped, and a lost connection loses nothing', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await logIn(context);
  const row = page.getByRole('row', { name: /vm1/ });
  await row.getByText('down', { exact: true }).waitFor();
  await shoot(page, 'dashboard-down');
  await row.getByRole('button', { name: 'Start vm1' }).click();
  await row.getByText('running', { exact: true }).waitFor();
  await shoot(page, 'dashboard-running');
  await row.getByRole('link', { name: 'Console of vm1' }).click();
  const screen = page.locator('.xterm-rows');
  await expect.poll(() => screen.innerText(), { timeout: 20_000 }).toMatch(/# ?\s*$/);
  await page.keyboard.type('echo a$((40+2))b');
  await page.keyboard.press('Enter');
  await expect.poll(() => screen.innerText()).toContain('a42b');
  await shoot(page, 'console');
  await context.close();
});
