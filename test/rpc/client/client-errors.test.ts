import { expect, test } from 'vitest';
import { connectFailure } from '../../../src/rpc/client/client-errors.ts';

test.each([
  ['ENOENT', 'MONITOR_UNREACHABLE', 'no monitor is running for vm1'],
  ['EACCES', 'MONITOR_DENIED', 'no permission to use the control socket of vm1'],
])('%s is %s', (code, expected, cause) => {
  const error = Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' });
  expect(connectFailure('/run/ctrl', 'vm1', error)).toMatchObject({ code: expected, reason: cause });
});
