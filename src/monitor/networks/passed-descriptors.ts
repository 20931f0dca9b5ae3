import { fstatSync } from 'node:fs';
import { UmlmonError } from '../../system/errors/errors.ts';
import { isPacketSocket } from '../../system/native/native.ts';
import { takePassedSockets } from '../../system/passed-sockets.ts';

let passed: ReadonlyMap<string, number> = new Map();

/** Takes the descriptors that the starter of this monitor, such as systemd, passes for its kernel. Once, at the start. */
export function takePassedDescriptors(): void {
  passed = takePassedSockets(process.env, process.pid);
}

/** Errors: NETWORK_MISSING if no descriptor has this name, or it carries no packets. */
export function passedDescriptor(name: string): number {
  const fd = passed.get(name);
  const missing = (cause: string, hint: string) =>
    new UmlmonError('NETWORK_MISSING', { place: `descriptor ${name}`, cause, hint });
  if (fd === undefined)
    throw missing(
      'this monitor was started without it',
      'start it by a program that passes it as LISTEN_FDS and LISTEN_FDNAMES of sd_listen_fds(3), with umlmon -fg',
    );
  const isTap = fstatSync(fd).isCharacterDevice();
  if (!isTap && !isPacketSocket(fd))
    throw missing(
      'it is neither a tap nor a socket of packets',
      'pass a socket of SOCK_SEQPACKET or SOCK_DGRAM',
    );
  return fd;
}
