import { UmlmonError } from '../../system/errors/errors.ts';
import { SOCKET_PATH_MAX } from '../../system/native/native.ts';

/** @throws UmlmonError RPC_SOCKET_PATH if the path is too long for a socket address; Node would cut it and use another file */
export function checkSocketPath(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= SOCKET_PATH_MAX) return;
  throw new UmlmonError('RPC_SOCKET_PATH', {
    place: path,
    cause: `the path of the socket has ${length} bytes; Linux allows at most ${SOCKET_PATH_MAX}`,
    hint: 'use a shorter VM name or state directory',
  });
}
