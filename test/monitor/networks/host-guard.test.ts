/** Order and memory of the looks at the host, with programs that stand for ip(8) and nft(8). */
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostGuard } from '../../../src/monitor/networks/host-guard.ts';
import { planInterfaces } from '../../../src/network/plan/interface-plan.ts';

let directory: string;
const at = (name: string) => join(directory, name);
const patience = { timeout: 10_000, interval: 20 };
const warnings: string[] = [];
let guard: HostGuard;
let turn: Promise<unknown>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-guard-'));
  script('ip', 'echo "[]"');
  script('nft', 'echo "{}"');
  warnings.length = 0;
  turn = Promise.resolve();
  const host = { links: [], ipv6: true, forwards6: [], tun: true, tunForAll: true, tunFault: '' };
  const interfaces = planInterfaces(
    {
      vm: 'vm1',
      home: directory,
      owner: directory,
      uid: 1000,
      kernel: { transports: ['tap'], legacyTransports: [] },
      macs: new Map([[0, '02:00:00:00:00:00']]),
      interfaces: [{ unit: 0, kind: 'tap', ifname: 'mine' }],
    },
    host,
  );
  guard = new HostGuard({
    place: { directory, vm: 'vm1' },
    programs: { ip: at('ip'), bridge: at('ip'), nft: at('nft') },
    interfaces: () => interfaces,
    inTurn: (work) => {
      const done = turn.then(work);
      turn = done.catch(() => 'its failure is that of the work');
      return done;
    },
    events: { publish: () => undefined },
    warning: (error) => warnings.push(String(error)),
  });
});
afterEach(async () => {
  await guard.close();
  rmSync(directory, { recursive: true });
});

function script(name: string, text: string): void {
  // A program that runs just now is replaced, not written to.
  rmSync(at(name), { force: true });
  writeFileSync(at(name), `#!/bin/sh\ncd ${directory}\n${text}\n`, { mode: 0o755 });
}

function count(word: string): number {
  return existsSync(at('log')) ? readFileSync(at('log'), 'latin1').split(word).length - 1 : 0;
}

test('two checks in one queue run one after the other, and close waits for the running one', async () => {
  script('ip', 'echo began >>log; sleep 0.7; echo ended >>log; echo "[]"');
  const gate = new EventEmitter();
  turn = once(gate, 'open');
  guard.lookWithin(0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  guard.lookWithin(0);
  // Looks are a second apart.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  gate.emit('open');
  await expect.poll(() => count('began'), patience).toBe(2);
  expect(readFileSync(at('log'), 'latin1')).toMatch(/^began\nended\nbegan\n/);
  await guard.close();
  expect(count('ended')).toBe(2);
});

test('a lasting failure is reported once, and again after a check without it', async () => {
  const look = async (text: string, until: () => boolean) => {
    script('ip', `echo looked >>log; ${text}`);
    const before = count('looked');
    guard.lookWithin(0);
    await expect.poll(() => count('looked') > before && until(), patience).toBe(true);
  };
  const always = () => true;
  await look('echo broken >&2; exit 1', () => warnings.length === 1);
  await look('echo broken >&2; exit 1', always);
  await look('echo "[]"', always);
  expect(warnings).toHaveLength(1);
  await look('echo broken >&2; exit 1', () => warnings.length === 2);
});
