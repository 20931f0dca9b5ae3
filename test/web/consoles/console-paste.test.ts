/** Large input at the console page of umlweb, in a real browser, for a guest that reads late. */
import { createHash } from 'node:crypto';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from '../../helpers/programs/world.ts';
import { Web } from '../../helpers/web/web.ts';
import { openPage, patience, screenOf, shows, typeLine } from '../../helpers/web/web-page.ts';

let world: World;
let web: Web;
let browser: Browser;

beforeAll(async () => {
  world = new World();
  world.configure(
    { vm1: 'ubd0 = /disks/root.dsk\nmem = 64M\ncon2 = pty\ncontrol_idle = 1s' },
    'web_listen = 127.0.0.1:0',
  );
  world.addImage('vm1');
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0 });
  web = await Web.start(world, ['admin']);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await web?.close();
  await world?.close();
});

/** As the browser does when a user pastes. */
function paste(page: Page, text: string): Promise<void> {
  return page.evaluate(`{
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', ${JSON.stringify(text)});
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true });
    document.querySelector('.xterm-helper-textarea').dispatchEvent(event);
  }`);
}

test('200 KB wait for a guest that sleeps, as the page shows, and arrive complete; CTRL-C drops waiting input', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await openPage(context, web.url, 'admin', []);
  await page.goto(new URL('#/console/vm1/con1', web.url).href);
  const screen = screenOf(page);
  await shows(screen, /#$/m);
  const text = Array.from({ length: 5000 }, (_, i) => `line ${i} of a paste that is long\n`).join('');
  const late = 'until [ -e /tmp/go ]; do usleep 100000; done';
  await typeLine(
    page,
    `stty -echo; echo wai""ts; ${late}; head -c ${text.length} >/root/pasted; stty echo; echo a$((40+2))b`,
  );
  // The shell itself reads ahead while it reads the line.
  await shows(screen, /^waits$/m);
  await paste(page, text);
  const status = page.locator('.console .line');
  await status.getByText(/^the guest is not reading its input; 1\d{5} bytes are waiting$/).waitFor(patience);
  expect(world.run('umlwatch', ['vm1', '-run', 'touch /tmp/go', '-on', 'con2'])).toMatchObject({ status: 0 });
  await shows(screen, /^a42b$/m);
  expect(await status.textContent()).toBe('');
  const md5 = createHash('md5').update(text).digest('hex');
  await typeLine(page, 'md5sum </root/pasted');
  await shows(screen, new RegExp(`^${md5}`, 'm'));

  await typeLine(page, 'stty -echo; echo sle""eps; sleep 1000');
  await shows(screen, /^sleeps$/m);
  await paste(page, text);
  await status.getByText('the guest is not reading').waitFor(patience);
  await page.keyboard.press('Control+c');
  await status.getByText(/bytes of input were dropped/).waitFor(patience);
  await typeLine(page, 'stty echo; echo c$((40+2))d');
  await shows(screen, /c42d$/m);
}, 120_000);
