/** Pure. */
import type { SecurityRecord } from '../system/logs/security-log.ts';

/** Why an image is refused because of what it is, or of whom it belongs to. */
const imageRefusals: ReadonlySet<string> = new Set([
  'IMAGE_ACCESS',
  'IMAGE_NOT_OWNED',
  'IMAGE_LINK',
  'IMAGE_OUTSIDE',
  'IMAGE_SWAPPED',
  'IMAGE_UNKNOWN',
]);

/** The security event that an event of the VM is, if it is one. Pure. */
export function securityOfEvent(
  kind: string,
  text: string,
  details: Readonly<Record<string, string>>,
): SecurityRecord | undefined {
  const { result = '', by = '', peer = '', code = '' } = details;
  if ((kind === 'job-ended' || kind === 'operation-ended') && imageRefusals.has(result))
    return { kind: 'image', who: by || 'the monitor', what: text, result };
  if (kind === 'over-share') return { kind: 'connection', who: peer, what: text, result: 'refused', peer };
  if (kind === 'warning' && code === 'KERNEL_FORGED')
    return { kind: 'datagram', who: 'not the kernel', what: text, result: 'dropped' };
  return undefined;
}
