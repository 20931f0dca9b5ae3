import { describe, expect, test } from 'vitest';
import { parseStatus, readStatus } from '../../src/jail/status.ts';

// As bubblewrap 0.8.0 writes it.
const started = '{ "child-pid": 2750, "ipc-namespace": 4026532180, "pid-namespace": 4026532181 }\n';

describe('parseStatus', () => {
  test('reads the child and, later, the exit status', () => {
    expect(parseStatus('')).toEqual({});
    expect(parseStatus(started)).toEqual({ initPid: 2750 });
    expect(parseStatus(`${started}{ "exit-code": 134 }\n`)).toEqual({ initPid: 2750, exitStatus: 134 });
  });

  test('does not accept an incomplete line', () => {
    expect(parseStatus('{ "child-pid": 27')).toEqual({});
    expect(parseStatus(`${started}{ "exit-code": 13`)).toEqual({ initPid: 2750 });
  });
});

test('readStatus returns nothing for a missing status', () => {
  expect(readStatus('/nonexistent/status')).toEqual({});
});
