/** The pages at other sizes: phones, tablets, desktops, pixel ratios, zoom, fingers, keyboard, dark; and what axe-core says. */
import { mkdirSync } from 'node:fs';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from '../../helpers/programs/world.ts';
import { inkOf } from '../../helpers/terminal/pixels.ts';
import { axeViolations } from '../../helpers/web/axe.ts';
import { Web } from '../../helpers/web/web.ts';
import { linesOf, openPage, patience, screenOf, shows, typeLine } from '../../helpers/web/web-page.ts';

/** Where pictures of the pages go, for people to look at. */
const shots = process.env.UMLMON_TEST_SCREENSHOTS;

let world: World;
let web: Web;
let browser: Browser;
/** What the browser had against the pages. */
const complaints: string[] = [];

const vm = 'kernel = /shared/kernels/linux\nubd0 = /disks/root.dsk\nmem = 64M';
const longName = 'a-vm-whose-name-is-quite-long';

beforeAll(async () => {
  world = new World();
  world.configure({ vm1: vm, [longName]: vm }, 'web_listen = 127.0.0.1:0');
  world.addImage('vm1');
  world.addSharedImage();
  for (const name of ['one', 'a-cow-image-with-quite-a-long-name'])
    world.run('umladmin', ['disk', 'cow-create', `vm1:/disks/${name}.cow`, '/shared/disks/root.dsk']);
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await client.call('start', undefined);
  client.close();
  web = await Web.start(world, ['admin']);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});

afterAll(async () => {
  await browser?.close();
  await web?.close();
  await world?.close();
});

async function withPage(
  options: BrowserContextOptions,
  work: (page: Page, context: BrowserContext) => Promise<void>,
) {
  const context = await browser.newContext(options);
  try {
    const page = await openPage(context, web.url, 'admin', complaints);
    await running(page);
    await work(page, context);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

const running = (page: Page) =>
  page.getByRole('row', { name: /vm1/ }).getByText('running', { exact: true }).waitFor(patience);

const tabs = [
  ['overview', /Linux \S+/],
  ['config', /mem/],
  ['disks', /^8\.0 KiB$/],
  ['network', /Interfaces/],
  ['endings', /Last exit/],
  ['logs', /Linux version/],
  ['plan', /linux/],
  ['security', /Security events/],
] as const;

/** Every page of a session, and its name. */
async function eachPage(page: Page, inspect: (name: string) => Promise<void>): Promise<void> {
  // Sizes are looked at after the layout, for the next picture.
  const look = async (name: string) => {
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    await inspect(name);
  };
  await page.goto(`${web.url}#/`);
  await running(page);
  await look('dashboard');
  for (const [tab, sign] of tabs) {
    await page.goto(`${web.url}#/vm/vm1/${tab}`);
    await page.locator('.content').getByText(sign).first().waitFor(patience);
    expect(await page.evaluate('scrollY'), `${tab}: the scroll position`).toBe(0);
    for (const details of await page.locator('summary').all()) await details.click();
    await look(tab);
  }
  await page.goto(`${web.url}#/console/vm1/con1`);
  await shows(screenOf(page), /#/m);
  await look('console');
  const tools = page.getByRole('button', { name: 'Tools' });
  if (!(await tools.isVisible())) return;
  await tools.click();
  await look('console-tools');
}

/** What is beyond the edge of the page, or of an element that does not scroll to it. */
const hidden = `[...document.querySelectorAll('main *, header *')].filter((element) => {
    if (element.closest('.xterm, .skip, thead, svg, pre') || !element.checkVisibility()) return false;
    const { left, right, width } = element.getBoundingClientRect();
    return width > 0 && (right > innerWidth + 1 || left < -1);
  }).map((element) => element.outerHTML.slice(0, 200))`;

const scrolling = `[...document.querySelectorAll('main *')].filter((element) =>
    !element.closest('.xterm, pre, svg') && element.checkVisibility() && element.clientWidth > 1 && element.tagName !== 'INPUT'
    && getComputedStyle(element).overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1
  ).map((element) => element.outerHTML.slice(0, 200))`;

/** Targets that are smaller than so many pixels. Links within a sentence have the height of its line. */
const smallTargets = (
  least: number,
) => `[...document.querySelectorAll('a, button, input, select, summary')].filter((element) => {
    if (element.closest('.xterm, .skip') || !element.checkVisibility({ visibilityProperty: true })) return false;
    const { width, height } = element.getBoundingClientRect();
    return Math.min(width, height) < ${least} - 0.01;
  }).map((element) => {
    const { width, height } = element.getBoundingClientRect();
    return width + 'x' + height + ' ' + element.outerHTML.slice(0, 150);
  })`;

const kinds = [
  ['320', { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }],
  ['390', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 1.5 }],
  ['390 upright and plain', { viewport: { width: 390, height: 844 } }],
  [
    '844 across',
    { viewport: { width: 844, height: 390 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  ],
  ['768', { viewport: { width: 768, height: 1024 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }],
  ['1440', { viewport: { width: 1440, height: 900 } }],
  ['1440 at 200 %', { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 }],
  ['1280 at 400 %', { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 }],
] as const satisfies readonly (readonly [string, BrowserContextOptions])[];

test.each(kinds)(
  'at %s all can be seen, hit, and passes axe-core',
  async (name, options) => {
    const schemes = name === '390' || name === '1440' ? (['light', 'dark'] as const) : (['light'] as const);
    for (const colorScheme of schemes)
      await withPage({ ...options, colorScheme }, async (page) => {
        const isTouch = 'hasTouch' in options || options.viewport.width <= 768;
        await eachPage(page, async (place) => {
          const what = `${name} ${colorScheme} ${place}`;
          if (shots) {
            mkdirSync(shots, { recursive: true });
            await page.screenshot({ path: `${shots}/${what.replaceAll(' ', '-')}.png`, fullPage: true });
          }
          expect
            .soft(await page.evaluate('document.documentElement.scrollWidth'), what)
            .toBe(options.viewport.width);
          expect.soft(await page.evaluate(hidden), `${what}: beyond the edge`).toEqual([]);
          expect.soft(await page.evaluate(scrolling), `${what}: has to be scrolled sideways`).toEqual([]);
          expect.soft(await page.evaluate(smallTargets(isTouch ? 44 : 24)), `${what}: targets`).toEqual([]);
          expect.soft(await axeViolations(page), `${what}: axe-core`).toEqual([]);
        });
      });
  },
  180_000,
);

test('with letters of twice the size nothing is beyond the edge', async () => {
  for (const width of [390, 768, 1440])
    await withPage({ viewport: { width, height: 800 } }, async (page) => {
      await page.addStyleTag({ content: '' }).catch(() => undefined); // The policy allows none.
      await page.evaluate(`document.documentElement.style.fontSize = '32px'`);
      await eachPage(page, async (place) => {
        await page.evaluate(`document.documentElement.style.fontSize = '32px'`);
        expect
          .soft(await page.evaluate('document.documentElement.scrollWidth'), `${width} ${place}`)
          .toBe(width);
      });
    });
}, 120_000);

test('the login page, and a dialog, pass axe-core', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width: 320, height: 568 },
      hasTouch: true,
    });
    const page = await context.newPage();
    await page.goto(web.url);
    await page.getByLabel('Password').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expect(await page.evaluate(smallTargets(44))).toEqual([]);
    await context.close();
    await withPage({ colorScheme, viewport: { width: 320, height: 568 }, hasTouch: true }, async (opened) => {
      await opened.getByRole('button', { name: 'Stop vm1' }).click();
      await opened.getByRole('dialog').waitFor();
      expect(await axeViolations(opened)).toEqual([]);
      expect(await opened.evaluate(smallTargets(44))).toEqual([]);
      await opened.keyboard.press('Escape');
      await opened.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await opened.evaluate('document.activeElement.textContent')).toBe('Stop');
    });
  }
});

test.each([1, 1.5, 2])(
  'at pixel ratio %f underscores are seen, at every size of letters',
  async (deviceScaleFactor) => {
    for (const colorScheme of ['light', 'dark'] as const)
      await withPage(
        { viewport: { width: 1000, height: 700 }, deviceScaleFactor, colorScheme },
        async (page) => {
          await page.goto(`${web.url}#/console/vm1/con1`);
          await shows(screenOf(page), /#/m);
          await typeLine(page, "clear; printf '\\n________\\n\\n'");
          await shows(screenOf(page), /^________$/m);
          const size = () =>
            page.evaluate(`parseFloat(getComputedStyle(document.querySelector('.xterm-rows')).fontSize)`);
          const [least, most] = colorScheme === 'light' ? [8, 28] : [14, 15];
          for (let pixels = 14; pixels > least; pixels--) await page.getByLabel('A− smaller text').click();
          for (let pixels = least; pixels <= most; pixels++) {
            await expect.poll(size, patience).toBe(pixels);
            const row = screenOf(page).locator('> div').filter({ hasText: /^_{8}/ }).first();
            const box = await row.boundingBox();
            if (!box) throw new Error('the row is not shown');
            const clip = { x: box.x, y: box.y, width: Math.floor(pixels * 0.6 * 8), height: box.height };
            const ink = await inkOf(page, await page.screenshot({ clip }));
            // A line of a pixel at least, below all letters.
            expect(ink, `${pixels} px, ${colorScheme}`).toBeGreaterThan(clip.width * deviceScaleFactor * 0.8);
            await page.getByLabel('A+ larger text').click();
          }
        },
      );
  },
  180_000,
);

test('a page starts at its top, with the keyboard focus; tabs keep the focus', async () => {
  await withPage({ viewport: { width: 390, height: 600 } }, async (page) => {
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await page.getByRole('link', { name: 'vm1', exact: true }).first().focus();
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'vm1' }).waitFor();
    expect(await page.evaluate('scrollY')).toBe(0);
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByRole('link', { name: 'Logs' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.content pre').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Logs');
    expect(await page.evaluate('scrollY')).toBe(0);
  });
});

test('a touch screen has Esc, Tab, Ctrl, Alt and cursor keys', async () => {
  const options = { viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true };
  await withPage(options, async (page) => {
    await page.goto(`${web.url}#/console/vm1/con1`);
    await shows(screenOf(page), /#/m);
    const press = (name: string) =>
      page.getByRole('toolbar', { name: 'Keys' }).getByRole('button', { name, exact: true }).tap();
    await typeLine(page, 'clear; echo ab$((1+1)); sleep 1000');
    await shows(screenOf(page), /^ab2$/m);
    await press('Ctrl, for the next key');
    expect(await page.getByLabel('Ctrl, for the next key').getAttribute('aria-pressed')).toBe('true');
    await page.keyboard.type('c');
    expect(await page.getByLabel('Ctrl, for the next key').getAttribute('aria-pressed')).toBe('false');
    await shows(screenOf(page), /#\s*$/);
    // The terminal has kept the keyboard.
    expect(await page.evaluate('document.activeElement.tagName')).toBe('TEXTAREA');
    await typeLine(page, 'clear; IFS= read -rsn 40 -d q x; printf \'%s\' "$x" | od -An -tx1');
    for (const name of ['Esc', 'Tab', 'Up', 'Down', 'Right', 'Left', 'Home', 'End', 'PgUp', 'PgDn'])
      await press(name);
    await press('Alt, for the next key');
    await page.keyboard.type('x');
    await press('Ctrl, for the next key');
    await press('Right');
    await page.keyboard.type('q');
    // The screen breaks lines where it ends.
    const bytes = async () => (await linesOf(screenOf(page))).join('').replaceAll(' ', '');
    const cursor = ['A', 'B', 'C', 'D', 'H', 'F', '5~', '6~'].map((end) => `\x1b[${end}`).join('');
    const sent = Buffer.from(`\x1b\t${cursor}\x1bx\x1b[1;5C`).toString('hex');
    await expect.poll(bytes, patience).toContain(sent);
  });
});

test('a finger scrolls the output of a console', async () => {
  const options = { viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true };
  await withPage(options, async (page, context) => {
    await page.goto(`${web.url}#/console/vm1/con1`);
    await shows(screenOf(page), /#/m);
    await typeLine(page, 'clear; seq 1 200');
    await shows(screenOf(page), /^200$/m);
    const box = await page.locator('.screen').boundingBox();
    if (!box) throw new Error('there is no screen');
    const session = await context.newCDPSession(page);
    const touch = (type: string, y?: number) =>
      session.send('Input.dispatchTouchEvent', {
        type: type as 'touchStart',
        touchPoints: y === undefined ? [] : [{ x: box.x + 50, y: box.y + y }],
      });
    await touch('touchStart', 50);
    for (let y = 60; y <= 350; y += 10) await touch('touchMove', y);
    await touch('touchEnd');
    await expect.poll(async () => (await linesOf(screenOf(page))).includes('200'), patience).toBe(false);
    await touch('touchStart', 350);
    for (let y = 340; y >= 10; y -= 10) await touch('touchMove', y);
    await touch('touchEnd');
    await shows(screenOf(page), /^200$/m);
    expect(await page.evaluate('scrollY')).toBe(0);
  });
});

test('with the keyboard alone every control is reached, and is seen to be', async () => {
  await withPage({ viewport: { width: 1440, height: 900 } }, async (page) => {
    for (const place of ['#/', '#/vm/vm1/overview', '#/vm/vm1/logs', '#/vm/vm1/endings']) {
      await page.goto(web.url + place);
      await page.locator('main h1').waitFor();
      await expect.poll(() => page.locator('[aria-busy]').count(), patience).toBe(0);
      const count =
        (await page.evaluate(`window.targets = [...document.querySelectorAll('a, button, input, select, summary')]
        .filter((element) => !element.disabled && element.checkVisibility() && element.tabIndex >= 0); targets.length`)) as number;
      const seen = new Set<number>();
      await page.evaluate('document.activeElement.blur()');
      for (let presses = 0; presses < count + 20; presses++) {
        await page.keyboard.press('Tab');
        seen.add((await page.evaluate('targets.indexOf(document.activeElement)')) as number);
        const outline = await page.evaluate(
          `document.activeElement === document.body ? 'body' : getComputedStyle(document.activeElement).outlineStyle`,
        );
        expect(['solid', 'auto', 'body'], place).toContain(outline);
      }
      seen.delete(-1);
      expect(seen.size, place).toBe(count);
    }
  });
});
