import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { version } from '../../src/system/version.ts';

const project = join(import.meta.dirname, '../..');

describe('install-host', () => {
  let destination: string;

  beforeEach(() => {
    destination = mkdtempSync(join(tmpdir(), 'umlmon-host-'));
  });

  afterEach(() => rmSync(destination, { recursive: true }));

  function install(
    args: readonly string[] = [],
    prefix = '/usr/local',
  ): { status: number | null; lines: string[] } {
    const env = { ...process.env, PREFIX: prefix, DESTDIR: destination };
    const { status, stdout, stderr } = spawnSync('node', ['src/setup/install-host.mjs', ...args], {
      cwd: project,
      env,
      encoding: 'utf8',
    });
    return { status, lines: (stdout + stderr).split('\n').filter(Boolean) };
  }

  /** Every path of the tree with what it is, as the manifest has it. */
  function tree(): Map<string, string> {
    const entries = readdirSync(destination, { recursive: true, withFileTypes: true });
    return new Map(
      entries.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const what = entry.isSymbolicLink()
          ? `-> ${readlinkSync(path)}`
          : entry.isFile()
            ? createHash('sha256').update(readFileSync(path)).digest('hex')
            : 'directory';
        return [`/${relative(destination, path)}`, what];
      }),
    );
  }

  const manifestOf = (prefix: string) =>
    new Map(
      readFileSync(`${destination}${prefix}/lib/umlmon/manifest`, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('\t') as [string, string]),
    );

  test('with -n only prints what it would do', () => {
    const { status, lines } = install(['-n']);
    expect(status).toBe(0);
    expect(lines).toContain('/usr/local/bin/umlmon -> ../lib/umlmon/umlmon');
    expect(tree().size).toBe(0);
  });

  test.each(['/usr/local', '/usr', '/opt/umlmon'])('notes all that it makes below %s', (prefix) => {
    expect(install([], prefix).status).toBe(0);
    const found = tree();
    found.delete(`${prefix}/lib/umlmon/manifest`);
    expect(found).toEqual(manifestOf(prefix));
    const units = prefix === '/opt/umlmon' ? '/etc/systemd/system' : `${prefix}/lib/systemd/system`;
    expect(readFileSync(`${destination}${units}/umlmon@.service`, 'utf8')).toContain(
      `ExecStart=${prefix}/bin/umlmon -fg %i`,
    );
    // No mark is left that stands for a path.
    for (const [path, what] of found)
      if (/^\/etc|systemd|tmpfiles|sysusers/.test(path) && /^[0-9a-f]{64}$/.test(what))
        expect(readFileSync(destination + path, 'utf8')).not.toMatch(/@[a-z]+@/);
  });

  test('installs programs that every user can read and run', () => {
    const umask = process.umask(0o077);
    try {
      install();
    } finally {
      process.umask(umask);
    }
    for (const name of readdirSync(`${destination}/usr/local/bin`)) {
      const printed = execFileSync(`${destination}/usr/local/bin/${name}`, ['-version'], {
        encoding: 'utf8',
      });
      expect(printed.trim()).toBe(version);
    }
    // The PATH of users other than root has no sbin (login.defs(5), ENV_PATH).
    expect(existsSync(`${destination}/usr/local/sbin`)).toBe(false);
    for (const [path, what] of tree())
      if (!what.startsWith('->'))
        expect([path, lstatSync(destination + path).mode & 0o055]).toEqual([
          path,
          lstatSync(destination + path).isDirectory() || lstatSync(destination + path).mode & 0o100
            ? 0o055
            : 0o044,
        ]);
  });

  test('restores changed files, except those that the administrator may change', () => {
    install();
    const mine = ['/etc/init.d/umlmon', '/etc/umlmon/umlmon.example.ini'];
    const program = '/usr/local/lib/umlmon/umlmon.cjs';
    const before = tree();
    for (const path of [...mine, program]) appendFileSync(destination + path, '# changed\n');
    const changed = tree();
    const { lines } = install();
    expect(lines).toEqual([program, ...mine.map((path) => `${path} is yours, and stays as it is`)]);
    const after = tree();
    expect(after.get(program)).toBe(before.get(program));
    for (const path of mine) expect(after.get(path)).toBe(changed.get(path));
  });

  test('removes the files that it has made, and no others', () => {
    mkdirSync(join(destination, 'etc/umlmon'), { recursive: true });
    mkdirSync(join(destination, 'usr/local/bin'), { recursive: true });
    writeFileSync(join(destination, 'etc/umlmon/umlmon.ini'), '[GLOBAL]\n');
    writeFileSync(join(destination, 'usr/local/bin/other'), '');
    const before = tree();
    install();
    install();
    expect(install(['--undo']).status).toBe(0);
    expect(tree()).toEqual(before);
    const { status, lines } = install(['--undo']);
    expect(status).toBe(1);
    expect(lines.join()).toContain('nothing is installed');
  });

  test('leaves files that were changed since', () => {
    install();
    const changed = '/etc/init.d/umlmon';
    writeFileSync(destination + changed, '#!/bin/sh\n');
    expect(install(['--undo']).lines).toContain(`${changed} was changed, and stays`);
    expect([...tree().keys()].sort()).toEqual(['/etc', '/etc/init.d', changed]);
  });

  test('removes files of a previous version that this one does not have', () => {
    install();
    const manifest = `${destination}/usr/local/lib/umlmon/manifest`;
    const old = '/usr/local/lib/umlmon/old.cjs';
    writeFileSync(destination + old, 'old');
    appendFileSync(manifest, `${old}\t${createHash('sha256').update('old').digest('hex')}\n`);
    expect(install().lines).toEqual([`${old} removed`]);
    expect(existsSync(destination + old)).toBe(false);
  });

  test('refuses unknown arguments', () => {
    expect(install(['--force']).status).toBe(2);
    expect(install([], 'usr').status).toBe(2);
  });
});
