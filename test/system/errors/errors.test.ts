import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failureText, toFailure, UmlmonError } from '../../../src/system/errors/errors.ts';

function failed(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it did not fail');
}

test('the message of the system does not repeat the name in the place', () => {
  const error = failed(() => readFileSync('/nowhere/file'));
  expect(failureText(toFailure(error))).toBe('/nowhere/file: ENOENT: no such file or directory');
  const text = (place: string) => new UmlmonError('IMAGE_MISSING', { place, cause: error.message }).message;
  expect(text('-root /nowhere/file')).toBe('-root /nowhere/file: ENOENT: no such file or directory');
  expect(text('file')).toBe('file: ENOENT: no such file or directory');
  expect(text('/else/where')).toContain("'/nowhere/file'");
});
