import { expect, test } from 'vitest';
import { askAccounts } from '../../src/jail/ask-accounts.ts';
import { askHost, resolveUser } from '../../src/jail/user.ts';

test('answers as one question for each would be answered', () => {
  const names = ['irc', '39', 'no-such-user', '31337', '', 'a b', 'root'];
  const ask = askAccounts('passwd', names);
  for (const name of ['no-such-user', '31337', '', 'a b'])
    expect(ask('passwd', name)).toBe(askHost('passwd', name));
  expect(ask('passwd', 'irc')).toBe(askHost('passwd', 'irc'));
  expect(resolveUser('irc', ask)).toEqual(resolveUser('irc'));
  expect(() => resolveUser('no-such-user', ask)).toThrow('the host has no such user');
});
