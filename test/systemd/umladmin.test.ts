/** umladmin on a host that runs systemd: monitors are units. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Container } from '../helpers/host/container.ts';

let container: Container;
const unit = (vm: string) => `umlmon@${vm}.service`;
const active = (...vms: string[]) =>
  container
    .run('systemctl', 'is-active', ...vms.map(unit))
    .stdout.trim()
    .split('\n');

beforeAll(async () => {
  container = new Container();
  container.configure({
    first: 'start = boot\nstart_order = 10',
    second: 'start = boot\nstart_order = 20',
    off: 'start = off',
  });
  await container.boot();
}, 240_000);
afterAll(() => container.close(), 120_000);

test('start, update and stop act on units', () => {
  expect(active('first', 'second')).toEqual(['inactive', 'inactive']);
  expect(container.ask('umladmin', 'start')).toBe(
    `first: ${unit('first')} started\nsecond: ${unit('second')} started`,
  );
  expect(active('first', 'second', 'off')).toEqual(['active', 'active', 'inactive']);

  // A limit that only systemd keeps reaches it.
  container.ask('umladmin', 'config', 'set', 'second', 'cpu_weight', '50');
  expect(container.ask('umladmin', 'update', 'second')).toMatch(/^second: 1 change\n {2}cpu_weight /);
  expect(container.property(unit('second'), 'CPUWeight')).toBe('50');

  // Systemd does not take the end for a failure, and does not start the monitor again.
  expect(container.ask('umladmin', 'stop', 'first')).toMatch(/^first: stopped cleanly/);
  expect(active('first', 'second')).toEqual(['inactive', 'active']);
  expect(container.property(unit('first'), 'Result')).toBe('success');
});

test('a monitor that was started by hand is stopped all the same', () => {
  container.ask('umlmon', 'first');
  expect(active('first')).toEqual(['inactive']);
  expect(container.ask('umladmin', 'start', 'first')).toBe('first: its monitor runs already');
  container.ask('umladmin', 'stop');
  const { vms } = JSON.parse(container.ask('umladmin', '-json', 'list')) as { vms: { state: string }[] };
  expect(vms.map(({ state }) => state)).toEqual(['no-monitor', 'no-monitor', 'no-monitor']);
});

test('the message of systemd about a failure is shown', () => {
  const { status, stderr } = container.run('umladmin', 'start', 'off');
  expect(stderr).toMatch(/^off: systemctl start umlmon@off\.service: .*\(hint: journalctl -u /s);
  expect(status).toBe(6);
});
