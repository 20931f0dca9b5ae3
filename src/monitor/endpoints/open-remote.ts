import type { GlobalConfig, VmConfig } from '../../config/config.ts';
import { RemoteListener } from '../../rpc/server/remote-listener.ts';
import type { EventLog } from '../events/event-log.ts';
import { certificateFingerprint, loadCertificate } from './certificate.ts';

/** The TCP port of a monitor, if its configuration wants one. Errors: REMOTE_LISTEN, REMOTE_CERTIFICATE. */
export async function openRemote(
  global: GlobalConfig,
  { tcp_port: port }: VmConfig,
  events: Pick<EventLog, 'publish'>,
): Promise<RemoteListener | undefined> {
  if (global.tcp === 'off') return undefined;
  const tls = global.tcp === 'tls' ? await loadCertificate(global) : null;
  const fingerprint = tls ? certificateFingerprint(tls) : '';
  const listener = await RemoteListener.open({ host: global.tcp_address, port, tls });
  events.publish(
    'tcp-listening',
    `serves ${listener.place}${tls ? `, certificate ${fingerprint}` : ' without TLS'}`,
    {
      address: global.tcp_address,
      port: listener.port,
      fingerprint,
    },
  );
  return listener;
}
