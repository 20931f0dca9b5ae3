/** umlrun with a network, without root. */
import { afterEach, expect, test } from 'vitest';
import { UserHost } from '../helpers/host/user-host.ts';

/** A uid that no account has. */
const user = 61_019;
let here: UserHost;
afterEach(() => here.close());

test('a command reaches every host that this host reaches, by name too, and nothing remains afterwards', async () => {
  here = new UserHost(user, '');
  here.serve(here.outside, 'busybox', 'nc', '-ll', '-p', '7000', '-e', 'echo', 'hello-from-outside');
  here.serveNames('192.0.2.9');
  await expect
    .poll(() => here.outside.succeeds('busybox nc -w 1 192.0.2.9 7000 -e true'), { timeout: 20_000 })
    .toBe(true);
  const ask =
    'until nslookup anybody.example >/dev/null; do usleep 10000; done; sleep 2 | timeout 3 nc anybody.example 7000';
  const ran = here.run('umlrun', '-mem', '64M', '-net', 'user', '--', 'sh', '-c', `${ask}; ip route`);
  expect(ran.stdout).toContain('hello-from-outside');
  expect(ran.stdout).toContain('default via 10.0.2.2 dev vec0');
  expect(ran.status).toBe(0);
  await expect.poll(() => here.pastas(), { timeout: 20_000 }).toEqual([]);

  expect(here.run('umlrun', '-mem', '64M', '--', 'ip', 'route')).toMatchObject({ status: 0, stdout: '' });
});
