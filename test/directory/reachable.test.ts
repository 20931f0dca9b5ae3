/** The address of a monitor for other hosts, in answers of the directory server. */
import { expect, test } from 'vitest';
import { Directory } from '../../src/directory/directory.ts';
import { directoryHandlers } from '../../src/directory/procedures.ts';
import { Registrations } from '../../src/directory/registrations.ts';
import { resolve } from '../../src/directory/resolve.ts';
import type { Caller } from '../../src/rpc/codec/program.ts';

const caller = {} as Caller;

test.each([
  ['', { address: '', port: 7001 }],
  ['0.0.0.0', { address: '', port: 7001 }],
  ['::', { address: '', port: 7001 }],
  ['192.0.2.7', { address: '192.0.2.7', port: 7001 }],
  ['127.0.0.1', { address: '', port: 0 }],
  ['127.9.9.9', { address: '', port: 0 }],
  ['::1', { address: '', port: 0 }],
  ['0:0:0:0:0:0:0:1', { address: '', port: 0 }],
  ['::ffff:127.0.0.1', { address: '', port: 0 }],
])('listening at %j: %j', async (address, where) => {
  const directory = new Directory();
  directory.set('here', {
    ...{ name: 'vm1', state: 'running', stateSince: 0, ready: true, port: 7001 },
    address,
  });
  const handlers = directoryHandlers({
    here: 'here',
    directory,
    registrations: new Registrations({ ownUid: 0, onSet: () => undefined, onGone: () => undefined }),
    security: { record: () => undefined },
    resolve: (target) => resolve(directory, 'here', target),
    addressOf: () => undefined,
    redirectorPort: () => 0,
    sharing: () => ({ sharing: 'off', warning: '' }),
  });
  for (const host of ['', 'here', 'HERE'])
    expect(await handlers.getPort({ vm: 'vm1', host }, caller)).toMatchObject({ kind: 'ok', port: where });
});
