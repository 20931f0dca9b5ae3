import { closeSync } from 'node:fs';
import { type Server, Socket, type SocketConstructorOpts } from 'node:net';
import { rpcLimits } from '../../system/limits/limits.ts';
import { acceptConnection } from '../../system/native/native.ts';
import { descriptorOf } from './socket.ts';

/**
 * Makes a server take all connections that wait, as far as there is time, whenever it takes one. libuv takes one in each turn
 * of its loop (uv__server_io in stream.c): who connects all the time, and is refused, would keep the others waiting behind it
 * in the queue of the kernel, where nobody has a share.
 *
 * @param refuses decides on a bare descriptor that needs no more: it is closed, which costs next to nothing
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
