import { expect, test } from 'vitest';
import { securityOfEvent } from '../../src/monitor/security-of-event.ts';

test.each([
  [
    'job-ended',
    { result: 'IMAGE_NOT_OWNED', by: 'bob' },
    { kind: 'image', who: 'bob', result: 'IMAGE_NOT_OWNED' },
  ],
  ['job-ended', { result: 'IMAGE_UNKNOWN', by: 'bob' }, { kind: 'image', who: 'bob' }],
  ['operation-ended', { result: 'IMAGE_ACCESS' }, { kind: 'image', who: 'the monitor' }],
  [
    'over-share',
    { peer: 'uid:1000', count: '3' },
    { kind: 'connection', who: 'uid:1000', result: 'refused' },
  ],
  ['warning', { code: 'KERNEL_FORGED' }, { kind: 'datagram', result: 'dropped' }],
])('%s with %j is a security event', (kind, details, expected) => {
  expect(securityOfEvent(kind, 'text', details as Record<string, string>)).toMatchObject({
    ...expected,
    what: 'text',
  });
});

test.each([
  ['job-ended', { result: 'ok', by: 'bob' }],
  ['job-ended', { result: 'IMAGE_SIZE', by: 'bob' }],
  ['warning', { code: 'HOST_LOG' }],
  ['state', { from: 'stopped', to: 'starting' }],
])('%s with %j is not a security event', (kind, details) => {
  expect(securityOfEvent(kind, 'text', details as Record<string, string>)).toBeUndefined();
});
