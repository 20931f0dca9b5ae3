import { UmlmonError } from '../../system/errors/errors.ts';
import { SOCKET_PATH_MAX } from '../../system/native/native.ts';

/** Throws UmlmonError if the kernel cannot take `path` as a socket's address; Node would cut it and use another file. */
export function checkSocketPath(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= SOCKET_PATH_MAX) return;
  throw new UmlmonError('RPC_SOCKET_PATH', {
    place: path,
    cause: `the path of the socket has ${length} bytes; the kernel takes at most ${SOCKET_PATH_MAX}`,
    hint: 'use a shorter VM name or state directory',
  });
}
