/** Only one place runs third-party programs on data that a guest has written, and it confines them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '../../../src');
const runner = 'disk/content/filesystem-tool.ts';

/** Files that run programs, with these programs. Add a new file here, with what its program reads. */
const runs: Readonly<Record<string, string>> = {
  [runner]: 'e2fsck, mke2fs, resize2fs: file systems of guests',
  'cli/admin/cleanup.ts': 'umlmon itself',
  'cli/admin/monitors.ts': 'systemctl',
  'cli/admin/users/user.ts': 'useradd, userdel: the accounts of the host',
  'cli/admin/kernels/kernel.ts': 'the script that fetches kernels',
  'cli/remote/find-password.ts': "the caller's own program for passwords",
  'jail/host/host-support.ts': 'the loader of the host, for libraries of setpriv and setarch',
  'jail/spawn/spawn.ts': 'the sandbox of a VM',
  'jail/pause.ts': 'sh, which has a paused VM go on',
  'jail/host/trial.ts': 'a jail on trial, in which prlimit tells its limits',
  'jail/user.ts': 'getent',
  'monitor/endpoints/certificate.ts': 'openssl, for a new certificate',
  'monitor/start/hooks.ts': "the administrator's hooks",
  'monitor/program/avoid-cores.ts': 'taskset',
  'network/connect-pasta.ts': 'programs of user networks',
  'network/host/run-ip.ts': 'ip, bridge, nft, iptables-save',
  'system/processes/background.ts': 'umlmon itself',
  'system/files/remove-tree.ts': 'rm',
  'system/processes/host-command.ts': 'the programs of its callers',
  'system/processes/foreground-command.ts': 'the programs of its callers',
};

/** Programs that take file systems, partition tables, images or archives apart. */
const readers =
  /\b(?:e2fsck|resize2fs|mke2fs|tune2fs|dumpe2fs|debugfs|e2image|e2label|fsck|mkfs|xfs_\w+|btrfs|blkid|wipefs|[sc]?fdisk|parted|kpartx|losetup|mount|qemu-img|uml_moo|uml_mkcow|guestfish|ntfs\w+|unsquashfs|tar|bsdtar|cpio)\b/;

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('setup/') && !file.startsWith('web/browser/'))
  .map((file) => ({ file, text: readFileSync(join(source, file), 'utf8') }));

/** Quoted words and paths that name such a program. */
function namedReaders(text: string): string[] {
  const words = [...text.matchAll(/(['"`])((?:\/[\w/]*\/)?[\w.-]+)\1/g)].map(([, , word = '']) => word);
  return words.filter(
    (word) => readers.exec(word.split('/').at(-1)?.replace(/\..*/, '') ?? '')?.[0] !== undefined,
  );
}

test('each file that runs programs is listed here, with its programs', () => {
  const found = files.filter(({ text }) =>
    /['"](?:(?:node:)?child_process|execa|[./]+(?:[\w-]+\/)*(?:foreground|host)-command\.ts)['"]/.test(text),
  );
  expect(found.map(({ file }) => file).sort()).toEqual(Object.keys(runs).sort());
});

test('none of them but the runner runs a program that reads images', () => {
  const found = files.flatMap(({ file, text }) =>
    file in runs && file !== runner && namedReaders(text).length > 0 ? [file, ...namedReaders(text)] : [],
  );
  expect(found).toEqual([]);
});

test('the runner starts programs in one place, behind the confining prefix', () => {
  const { text = '' } = files.find(({ file }) => file === runner) ?? {};
  expect(text.match(/\b(?:spawn|spawnSync|exec|execSync|execFile|execFileSync|fork)\(/g)).toEqual(['spawn(']);
  expect(text.match(/\brunConfined\(.*/g)).toEqual([
    'runConfined(name, [...confined, findTool(name), ...args], image, timeMs, signal);',
    'runConfined(',
  ]);
  expect(text).toContain('const confined = await confinementOf(name, image, launcher, timeMs);');
  expect(text).toMatch(/spawn\(program, rest, /);
});

test('only one file creates the argument of the runner', () => {
  const makes = /\bas (?:unknown as )?HandedImage\b/;
  expect(files.filter(({ text }) => makes.test(text)).map(({ file }) => file)).toEqual([
    'disk/content/hand-over.ts',
  ]);
});

test('the test detects violations', () => {
  expect(namedReaders(`spawn('e2fsck', [])`)).toEqual(['e2fsck']);
  expect(namedReaders('run("/sbin/mkfs.ext4")')).toEqual(['/sbin/mkfs.ext4']);
  expect(namedReaders("execFile('tar', ['x'])")).toEqual(['tar']);
  expect(files.length).toBeGreaterThan(300);
});
