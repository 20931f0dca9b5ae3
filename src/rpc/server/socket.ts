import type { Server, Socket } from 'node:net';

/**
 * The descriptor of a connected or listening socket; -1 after it is closed. Node has no public interface for it; `_handle.fd`
 * exists on Unix since its first versions.
 */
export function descriptorOf(socket: Socket | Server): number {
  if (!('_handle' in socket)) return -1;
  const handle = socket._handle;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return -1;
  return typeof handle.fd === 'number' ? handle.fd : -1;
}

/** Collects all writes of one turn of the event loop into one system call (writev). */
export function writeTogether(socket: Socket, bytes: Buffer): void {
  socket.cork();
  socket.write(bytes);
  process.nextTick(() => socket.uncork());
}
