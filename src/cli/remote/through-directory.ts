import type { Socket } from 'node:net';
import { connectTcp } from '../../rpc/connect-remote.ts';
import { DirectoryClient } from '../../rpc/directory-client.ts';
import { answerMs } from '../../rpc/monitor-client.ts';
import { connectRedirected } from '../../rpc/redirect.ts';
import { UmlmonError } from '../../system/errors.ts';

/**
 * A connection to the monitor of a VM whose port is not known: the directory of the host is asked, and its redirector is the
 * way if there is one. Who is at the other end is not believed for that; it has yet to prove itself.
 *
 * @param port of the directory
 * @throws UmlmonError DIRECTORY_*, REDIRECTOR_*, REMOTE_*
 */
export async function connectThroughDirectory(vm: string, host: string, port: number): Promise<Socket> {
  const directory = await DirectoryClient.connect(host, port);
  const found = await directory.getPort({ vm, host: '' }).finally(() => directory.close());
  if (found.redirector > 0) {
    const target = { vm, host: found.host };
    return (await connectRedirected({ host, port: found.redirector }, target)).resume();
  }
  if (found.port > 0) return connectTcp({ host: found.address || host, port: found.port }, answerMs);
  throw new UmlmonError('DIRECTORY_NO_PORT', {
    place: directory.place,
    cause: `the monitor of ${vm} does not listen on TCP, or for its own host only, and there is no redirector`,
    hint: `in the configuration of ${host}: tcp = true, and tcp_redir = true`,
  });
}
