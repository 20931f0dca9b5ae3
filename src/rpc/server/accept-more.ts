import { closeSync } from 'node:fs';
import { type Server, Socket, type SocketConstructorOpts } from 'node:net';
import { rpcLimits } from '../../system/limits/limits.ts';
import { acceptConnection } from '../../system/native/native.ts';
import { descriptorOf } from './socket.ts';

/**
 * Makes a server accept all waiting connections, within a time limit, whenever it accepts one. libuv accepts one per iteration
 * of its loop (uv__server_io in stream.c). A client that connects all the time and is refused would block the others
 * in the queue of the kernel, which has no shares.
 *
 * @param refuses decides on a bare descriptor; a refused one is closed, which is cheap
 */
export function acceptMore(
  server: Server,
  options: Pick<SocketConstructorOpts, 'allowHalfOpen'> = {},
  refuses: (fd: number) => boolean = () => false,
): void {
  let isMore = false;
  server.on('connection', () => {
    if (isMore) return;
    isMore = true;
    const end = performance.now() + rpcLimits.acceptTime;
    while (performance.now() < end) {
      const fd = acceptConnection(descriptorOf(server));
      if (fd === undefined) break;
      if (refuses(fd)) closeSync(fd);
      else server.emit('connection', new Socket({ ...options, fd, readable: true, writable: true }));
    }
    isMore = false;
  });
}
