import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { type GuestStats, umlmonctrl, type VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';
import { bootGuest } from '../../helpers/guest/boot-guest.ts';
import type { World } from '../../helpers/programs/world.ts';
import { passwordOf, Web } from '../../helpers/web/web.ts';
import { info, stubHandlers } from '../../rpc/stub-handlers.ts';
import { type Figure, MiB, median, percentile } from '../figure.ts';
import { pssMiB } from '../idle.ts';

const vms = 100;
const browsers = 3;
const settleMs = 10_000;
/** Until the engine has collected for the last time after a start. */
const quietMs = 36_000;
const spanMs = 20_000;
const keys = 300;
const keyGapMs = 30;
/** Clock ticks a second in /proc/PID/stat (proc_pid_stat(5)). */
const ticks = 100;

/** What umlweb costs with many VMs on the dashboard, and how long a key takes to the screen of a browser. */
export async function measureWeb(world: World): Promise<Figure[]> {
  return [...(await measureDashboard(world)), ...(await measureKeys(world))];
}

/** The monitors are empty shells: what they cost themselves is another matter (idle.ts). */
async function measureDashboard(world: World): Promise<Figure[]> {
  const names = Array.from({ length: vms }, (_, index) => `vm${index}`);
  world.configure(
    Object.fromEntries(names.map((name) => [name, 'ubd0 = /disks/root.dsk'])),
    'web_listen = 127.0.0.1:0',
  );
  const servers = await Promise.all(names.map((name) => serveShell(world, name)));
  const web = await Web.start(world);
  const viewers: WebSocket[] = [];
  try {
    await delay(quietMs);
    const idle = await shareOfCore(web.pid, spanMs);
    const cookie = await logIn(web);
    let messages = 0;
    for (let count = 0; count < browsers; count++) {
      const viewer = new WebSocket(`${web.url.replace('http', 'ws')}live`, {
        headers: { cookie, origin: web.url.slice(0, -1) },
      });
      viewer.on('message', () => {
        messages += 1;
      });
      viewers.push(viewer);
    }
    await delay(settleMs);
    const before = messages;
    const share = await shareOfCore(web.pid, spanMs);
    if (messages - before < vms * browsers) throw new Error(`only ${messages - before} messages`);
    const memory = pssMiB(web.pid);
    const what = `${vms} VMs on the dashboards of ${browsers} browsers`;
    return [
      figure(`umlweb without a browser, share of a core`, idle, 0.1),
      figure(`umlweb, ${what}, share of a core`, share, 5),
      {
        name: `umlweb, ${what}, PSS`,
        baseline: '',
        subject: `${memory.toFixed(1)} MiB`,
        value: memory,
        unit: 'MiB',
        budget: { atMost: 80 },
      },
    ];
  } finally {
    for (const viewer of viewers) viewer.terminate();
    await web.close();
    for (const server of servers) await server.close();
  }
}

function figure(name: string, percent: number, atMost: number): Figure {
  return {
    name,
    baseline: '',
    subject: `${percent.toFixed(2)} %`,
    value: percent,
    unit: '',
    budget: { atMost },
  };
}

async function serveShell(world: World, name: string): Promise<RpcServer<typeof umlmonctrl>> {
  mkdirSync(join(world.varDir, name), { recursive: true });
  const settings = Array.from({ length: 40 }, (_, index) => ({
    key: `key${index}`,
    value: 'some value',
    origin: 'default',
  }));
  const shell: VmInfo = { ...info, name, settings, paused: null, eventsNext: 1 };
  const handlers = {
    ...stubHandlers,
    info: () => ({ kind: 'ok', info: shell }) as const,
    stats: () => ({ kind: 'ok', stats: statsNow() }) as const,
    // Nothing happens: the call is answered when its time is over.
    events: async ({ since, waitMs }: { since: number; waitMs: number }) => {
      await delay(waitMs, undefined, { ref: false });
      return { kind: 'ok', list: { events: [], next: since } } as const;
    },
  };
  const server = new RpcServer(umlmonctrl, handlers, (error) => console.error(error));
  await server.listen({ path: join(world.varDir, name, 'ctrl'), mode: 0o600 });
  return server;
}

function statsNow(): GuestStats {
  const time = Date.now();
  return {
    ...{ time, uptimeMs: time % 1e9, load1: 5, load5: 5, load15: 5, tasks: 40, tasksRunnable: 1 },
    ...{ cpuUserMs: time % 1e9, cpuSystemMs: 0, cpuIdleMs: time % 1e9, cpuIowaitMs: 0 },
    ...{ memTotal: 128 * MiB, memFree: 64 * MiB, memAvailable: (64 + (time % 8)) * MiB },
    networks: [],
    disks: [{ name: 'ubda', reads: 1, readBytes: time % 1e9, writes: 1, writtenBytes: time % 1e9 }],
  };
}

async function logIn({ url }: Web): Promise<string> {
  const answer = await fetch(`${url}api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url.slice(0, -1) },
    body: JSON.stringify({ password: passwordOf('admin') }),
  });
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

/** Percent of a core that a process takes over a span. */
async function shareOfCore(pid: number, ms: number): Promise<number> {
  const used = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = used();
  await delay(ms);
  return ((used() - before) / ticks / (ms / 1000)) * 100;
}

/** From the event of a key in the page to the change of the row that shows it: monitor and guest are on the way. */
async function measureKeys(world: World): Promise<Figure[]> {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' }, 'web_listen = 127.0.0.1:0');
  world.addImage('vm1');
  const { client } = await bootGuest(world, 'vm1');
  client.close();
  const web = await Web.start(world);
  // How often the display of the reader is refreshed is not ours.
  const args = ['--no-sandbox', '--disable-frame-rate-limit', '--disable-gpu-vsync'];
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  try {
    const page = await browser.newPage();
    await page.goto(web.url);
    await page.getByLabel('Password').fill(passwordOf('admin'));
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('link', { name: 'Console of vm1' }).click();
    await page.locator('.xterm-rows').getByText('#').first().waitFor();
    const onLine = await typeOnLine(web);
    return [
      keyFigure('key to its echo on a websocket of umlweb', onLine),
      keyFigure('key to screen in a browser', await typeKeys(page)),
    ];
  } finally {
    await browser.close();
    await web.close();
  }
}

function keyFigure(name: string, spans: readonly number[]): Figure {
  const value = percentile(spans, 99);
  const subject = `${value.toFixed(1)} ms, median ${median(spans).toFixed(1)} ms`;
  return { name: `${name}, p99`, baseline: '', subject, value, unit: 'ms', budget: { atMost: 15 } };
}

/** The same without a browser. */
async function typeOnLine(web: Web): Promise<number[]> {
  const headers = { cookie: await logIn(web), origin: web.url.slice(0, -1) };
  const url = `${web.url.replace('http', 'ws')}console?vm=vm1&channel=con1&page=00000000`;
  const socket = new WebSocket(url, { headers });
  const spans: number[] = [];
  let began = 0;
  socket.on('message', (_, isBinary) => {
    if (isBinary && began > 0) spans.push(performance.now() - began);
    if (isBinary) began = 0;
  });
  await new Promise((resolve) => socket.once('message', resolve));
  await delay(1000);
  for (let count = 1; count <= keys; count++) {
    began = performance.now();
    socket.send(Buffer.from(count % 40 === 0 ? '\x7f' : 'a'));
    do await delay(keyGapMs);
    while (spans.length < count);
  }
  socket.terminate();
  return spans;
}

async function typeKeys(page: Page): Promise<number[]> {
  await page.evaluate(`{
    window.spans = [];
    let began = 0;
    addEventListener('keydown', () => { began = performance.now(); }, true);
    new MutationObserver(() => {
      if (began) window.spans.push(performance.now() - began);
      began = 0;
    }).observe(document.querySelector('.xterm-rows'), { childList: true, subtree: true, characterData: true });
  }`);
  for (let count = 1; count <= keys; count++) {
    await page.keyboard.press(count % 40 === 0 ? 'Backspace' : 'a');
    // Asking takes time of the page.
    do await delay(keyGapMs);
    while (Number(await page.evaluate('window.spans.length')) < count);
  }
  return (await page.evaluate('window.spans')) as number[];
}
