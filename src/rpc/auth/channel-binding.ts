/** Pure. */
import type { TLSSocket } from 'node:tls';

/** TLS version of both ends: older ones have tls-exporter binding only under further conditions (RFC 9266 section 3). */
export const tlsVersion = 'TLSv1.3';

/** A value that only the two ends of a TLS connection can compute: tls-exporter, RFC 9266 section 2. */
export function channelBinding(socket: TLSSocket): Buffer {
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
}
