/** Pure. */
import type { TLSSocket } from 'node:tls';

/** Both ends: older versions have no tls-exporter binding without further conditions (RFC 9266 section 3). */
export const tlsVersion = 'TLSv1.3';

/** What both ends of a TLS connection can tell of it, and nobody else can have: tls-exporter, RFC 9266 section 2. */
export function channelBinding(socket: TLSSocket): Buffer {
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
}
