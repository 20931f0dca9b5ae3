import { expect, test } from 'vitest';
import { askAccounts } from '../../src/jail/ask-accounts.ts';
import { askHost, resolveUser } from '../../src/jail/user.ts';

test('many users at once get the answers of one question for each', async () => {
  const names = ['irc', '39', 'no-such-user', '31337', '', 'a b', 'root'];
  const ask = askAccounts('passwd', names);
  for (const name of ['no-such-user', '31337', '', 'a b'])
    expect(await ask('passwd', name)).toBe(await askHost('passwd', name));
  expect(await ask('passwd', 'irc')).toBe(await askHost('passwd', 'irc'));
  expect(await resolveUser('irc', ask)).toEqual(await resolveUser('irc'));
  await expect(resolveUser('no-such-user', ask)).rejects.toThrow('the user does not exist on the host');
});
