import type { Server, Socket } from 'node:net';

/**
 * The descriptor of a connected or listening socket, or -1 if there is none (any more). Node has no public way to it; `_handle.fd`
 * has been there on Unix since its first versions.
 */
export function descriptorOf(socket: Socket | Server): number {
  if (!('_handle' in socket)) return -1;
  const handle = socket._handle;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return -1;
  return typeof handle.fd === 'number' ? handle.fd : -1;
}

/** Writes so that all that is written in one turn of the event loop leaves in one system call (writev). */
export function writeTogether(socket: Socket, bytes: Buffer): void {
  socket.cork();
  socket.write(bytes);
  process.nextTick(() => socket.uncork());
}
