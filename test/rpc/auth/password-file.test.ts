import '../../helpers/tiers/needs-host.ts';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  allVms,
  checkPassword,
  grantsOf,
  passwordsFor,
  readPasswords,
  removePasswords,
  roleAt,
  setPassword,
} from '../../../src/rpc/auth/password-file.ts';

let varDir: string;
let file: string;

beforeEach(() => {
  varDir = mkdtempSync(join(tmpdir(), 'umlmon-passwords-'));
  file = join(varDir, '.passwords');
});

afterEach(() => rmSync(varDir, { recursive: true }));

async function opens(password: string, vm: string): Promise<string | null> {
  const passwords = readPasswords(varDir);
  return passwords ? roleAt(await grantsOf(passwords, password), vm) : null;
}

describe('the file of the passwords', () => {
  test('a password opens its VM with its role, and a password for all VMs opens every VM', async () => {
    expect(readPasswords(varDir)).toBeUndefined();
    await setPassword(varDir, { vm: 'vm1', role: 'view' }, 'only looking');
    await setPassword(varDir, { vm: 'vm1', role: 'admin' }, 'whatever it takes');
    await setPassword(varDir, { vm: allVms, role: 'operate' }, 'mäster pässword');
    expect(await opens('only looking', 'vm1')).toBe('view');
    expect(await opens('whatever it takes', 'vm1')).toBe('admin');
    expect(await opens('whatever it takes', 'vm2')).toBeNull();
    expect(await opens('mäster pässword', 'vm1')).toBe('operate');
    expect(await opens('mäster pässword', 'vm2')).toBe('operate');
    expect(await opens('mäster pässword', 'vm2')).toBe('operate');
    expect(await opens('wrong password', 'vm1')).toBeNull();
  });

  test('a new password of a VM and role replaces the one before, and a removed one opens nothing', async () => {
    await setPassword(varDir, { vm: 'vm1', role: 'view' }, 'the first one');
    await setPassword(varDir, { vm: 'vm1', role: 'view' }, 'the second one');
    await setPassword(varDir, { vm: 'vm1', role: 'console' }, 'the third one');
    expect(await opens('the first one', 'vm1')).toBeNull();
    expect(await opens('the second one', 'vm1')).toBe('view');
    expect(await removePasswords(varDir, 'vm1', 'view')).toMatchObject([{ vm: 'vm1', role: 'view' }]);
    expect(await opens('the second one', 'vm1')).toBeNull();
    expect(await opens('the third one', 'vm1')).toBe('console');
    await removePasswords(varDir, 'vm1');
    await expect(removePasswords(varDir, 'vm1')).rejects.toMatchObject({ code: 'PASSWORD_UNKNOWN' });
  });

  test('is for its owner alone, and has no password in it', async () => {
    await setPassword(varDir, { vm: 'vm1', role: 'admin' }, 'correct horse');
    expect(statSync(file).mode & 0o7777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain('correct');
    expect(text).not.toContain(Buffer.from('correct horse').toString('base64').slice(0, 12));
  });

  test('is refused if other users can read it or have created it', async () => {
    await setPassword(varDir, { vm: 'vm1', role: 'admin' }, 'correct horse');
    chmodSync(file, 0o640);
    expect(() => readPasswords(varDir)).toThrow(/users other than its owner/);
    chmodSync(file, 0o600);
    chownSync(file, 65534, 65534);
    expect(() => readPasswords(varDir)).toThrow(/belongs to uid 65534/);
  });

  test.each([
    '',
    '{',
    '{}',
    '{"version":1}',
    '{"version":2,"salt":"","iterations":1,"passwords":[]}',
    'null',
  ])('a damaged file is refused: %s', (text) => {
    writeFileSync(file, text, { mode: 0o600 });
    expect(() => readPasswords(varDir)).toThrow(expect.objectContaining({ code: 'PASSWORD_FILE' }));
  });

  test('changes at the same time are all kept', async () => {
    const vms = Array.from({ length: 8 }, (_, number) => `vm${number}`);
    await Promise.all(vms.map((vm) => setPassword(varDir, { vm, role: 'admin' }, `password of ${vm}`)));
    const passwords = readPasswords(varDir);
    expect(passwords?.list.map(({ vm }) => vm).sort()).toEqual(vms);
    expect(passwords && passwordsFor(passwords, 'vm3').map(({ vm }) => vm)).toEqual(['vm3']);
  });

  test('short, long and invisible passwords are refused', () => {
    for (const text of ['', 'seven77', 'x'.repeat(257), 'with\nline end', 'with\tblank 8'])
      expect(() => checkPassword(text)).toThrow(expect.objectContaining({ code: 'PASSWORD_BAD' }));
    checkPassword('eight888');
  });
});
