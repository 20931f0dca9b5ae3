import type { Socket } from 'node:net';
import { UmlmonError } from '../../system/errors/errors.ts';
import { isAnyAddress, isLoopback } from '../../system/ip-address.ts';
import type { DirTarget } from '../umldir.gen.ts';
import { connectTcp, type RemoteEndpoint } from './connect-remote.ts';
import { DirectoryClient } from './directory-client.ts';
import { answerMs } from './monitor-client.ts';
import { connectRedirected } from './redirect.ts';

/**
 * A connection to the monitor of a VM with an unknown port. It asks a directory server and uses its redirector if there is
 * one. The peer is not authenticated yet.
 *
 * @param at address of the directory server
 * @throws UmlmonError DIRECTORY_*, REDIRECTOR_*, REMOTE_*
 */
export async function connectThroughDirectory(target: DirTarget, at: RemoteEndpoint): Promise<Socket> {
  const { host } = at;
  const directory = await DirectoryClient.connect(host, at.port);
  const found = await directory.getPort(target).finally(() => directory.close());
  if (found.redirector > 0) {
    const there = { vm: target.vm, host: found.host };
    return (await connectRedirected({ host, port: found.redirector }, there)).resume();
  }
  // A loopback or unspecified address of another host means that host.
  const isElsewhere = !isAnyAddress(found.address) && (!isLoopback(found.address) || isLoopback(host));
  const address = isElsewhere ? found.address || host : host;
  if (found.port > 0) return connectTcp({ host: address, port: found.port }, answerMs);
  throw new UmlmonError('DIRECTORY_NO_PORT', {
    place: directory.place,
    cause: `the monitor of ${target.vm} does not listen on TCP for other hosts, and its host has no redirector`,
    hint: `in the configuration of ${found.host}: tcp = true, and tcp_redir = true`,
  });
}
