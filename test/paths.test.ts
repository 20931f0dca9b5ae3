/**
 * Which source may use a file by its path, and why that is safe. All else goes through open directories
 * (src/system/files/held-directory.ts) and trusted paths (src/system/files/trusted-path.ts): a path that was checked is not the file that
 * is used when somebody else may rename or link on the way.
 *
 * A file that is not in the table may use none of these functions; one that is, those that stand beside it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '../src');

/** Of node:fs and node:fs/promises: what takes a descriptor, or nothing. All else takes a path. */
const byDescriptor = new Set(
  `constants closeSync fchmodSync fchownSync fstatSync fsync fsyncSync ftruncateSync futimesSync readSync readvSync
  writeSync writevSync`.split(/\s+/),
);

/** Functions of ours that take a path and do no more about it than not to follow its last name. */
const ofOurs: Readonly<Record<string, readonly string[]>> = {
  'atomic-file.ts': ['replaceFile'],
  'held-lock.ts': ['heldLock'],
  'native.ts': ['linkDescriptor', 'makeCharacterDevice', 'mountFlags', 'openDatagram', 'sendDatagram'],
  'rewrite-file.ts': ['rewriteFile'],
  'read-file.ts': ['listNames', 'readRegularFile'],
  'secret-file.ts': ['readSecretFile'],
};

const reasons = {
  layer: 'the layer itself: paths through descriptors, and the ways into it',
  own: 'VARDIR, RUNDIR and the directories below that belong to the monitor alone (test/monitor/program/own-directories.test.ts); a start refuses them where others may write, or above; and those that a run of umlrun makes for itself',
  host: 'files of the host that only root makes: /proc, /sys, /dev, /etc, its programs and libraries; and those of umlmon',
  named: 'a path that the caller names, with the rights of the caller and no others',
  shared:
    'the shared tree, which only the administrator may write to; a start refuses it where others may, or above',
  config: 'the configuration, which says itself what root is to do',
  held: 'paths through the descriptor of an open directory or file, by `pathTo`, `here` or /proc/self/fd',
  message: 'for the text of a message only: nothing is decided by it',
  checked: 'the mounts of the jail are compared with the plan before its kernel runs',
} as const;

type Uses = readonly (readonly [keyof typeof reasons, string])[];

const table: Readonly<Record<string, Uses>> = {
  'cli/admin/cleanup.ts': [['own', 'existsSync heldLock readdirSync']],
  'cli/admin/disk.ts': [['shared', 'mkdirSync']],
  'cli/admin/doctor/facts.ts': [['own', 'existsSync heldLock readFileSync readdirSync statfsSync']],
  'cli/admin/host.ts': [['own', 'existsSync readdirSync']],
  'cli/admin/kernels/kernel.ts': [['shared', 'existsSync mkdirSync renameSync rmSync symlinkSync']],
  'cli/admin/kernels/list-kernels.ts': [['shared', 'existsSync readdirSync']],
  'cli/admin/monitors.ts': [['host', 'existsSync realpathSync']],
  'cli/admin/lifecycle/stop.ts': [['own', 'heldLock']],
  'cli/admin/users/user.ts': [
    ['host', 'readFileSync'],
    ['own', 'existsSync heldLock'],
  ],
  'cli/prompt/history.ts': [['named', 'appendFileSync mkdirSync readFileSync rewriteFile']],
  'cli/mconsole/socket.ts': [['named', 'chmodSync mkdtempSync rmSync statSync']],
  'cli/print/output.ts': [['host', 'openSync']],
  'cli/remote/ask-secret.ts': [['host', 'openSync']],
  'cli/remote/find-monitor.ts': [['named', 'readFileSync']],
  'cli/remote/find-password.ts': [['named', 'createReadStream']],
  'cli/session/recording.ts': [['named', 'openSync']],
  'config/file/untrusted-directories.ts': [['config', 'mountFlags']],
  'config/file/edit-config.ts': [['config', 'openSync realpathSync rewriteFile statSync']],
  'config/file/locate.ts': [
    ['config', 'listNames readRegularFile'],
    ['message', 'existsSync'],
  ],
  'config/file/read-file.ts': [['config', 'openSync readdirSync']],
  'config/services.ts': [['host', 'readFileSync']],
  'console/input/guest-terminals.ts': [['host', 'open']],
  'console/log-files.ts': [['own', 'openSync readFileSync renameSync rmSync statSync writeFileSync']],
  'console/log.ts': [['own', 'openSync']],
  'console/log-marks.ts': [['own', 'openSync writeFileSync']],
  'console/pty.ts': [['host', 'existsSync']],
  'directory/identity.ts': [['host', 'readFileSync']],
  'directory/listen.ts': [
    ['own', 'chmodSync mkdirSync'],
    ['held', 'openSync'],
  ],
  'disk/backup/store.ts': [['held', 'open']],
  'disk/names/block-device.ts': [['host', 'openSync readFileSync']],
  'disk/content/filesystem-tool.ts': [['host', 'readdir stat']],
  'disk/content/hand-over.ts': [['host', 'open unlink']],
  'disk/locks/holders.ts': [['own', 'mkdirSync openSync readFileSync readdirSync rmSync statSync']],
  'disk/names/image-directories.ts': [['own', 'mkdirSync']],
  'disk/io/periodic-sync.ts': [['held', 'watch']],
  'jail/ask-accounts.ts': [['host', 'readFileSync']],
  'jail/sandbox/assert-mounts.ts': [['host', 'readFileSync']],
  'jail/directories.ts': [['own', 'lstatSync mkdirSync openSync']],
  'jail/id-map.ts': [['host', 'readFileSync']],
  'jail/spawn/spawn.ts': [
    ['own', 'openSync unlinkSync'],
    ['host', 'statSync'],
  ],
  'jail/host/mount-options.ts': [
    ['host', 'readFileSync'],
    ['shared', 'existsSync mountFlags statSync'],
    ['message', 'realpathSync'],
  ],
  'jail/pause.ts': [['host', 'readFileSync readdirSync']],
  'jail/private-group.ts': [['host', 'readFileSync']],
  'jail/host/restrictions.ts': [['host', 'readFileSync']],
  'jail/status.ts': [['own', 'openSync']],
  'jail/user.ts': [['host', 'readFileSync']],
  'kernel/elf-file.ts': [['shared', 'openSync']],
  'kernel/kernel-sender.ts': [['host', 'readlinkSync']],
  'kernel/libraries.ts': [['shared', 'existsSync openSync readFileSync statSync']],
  'kernel/mconsole.ts': [
    ['held', 'openDatagram openSync sendDatagram'],
    ['own', 'readdirSync rmSync'],
  ],
  'kernel/notify.ts': [['own', 'openDatagram rmSync']],
  'kernel/probe.ts': [
    ['shared', 'existsSync realpathSync statSync'],
    ['own', 'readFileSync renameSync rmSync writeFileSync'],
  ],
  'monitor/takeover/adopt.ts': [['own', 'existsSync rmSync']],
  'monitor/takeover/clean-up.ts': [['own', 'existsSync opendirSync rmSync']],
  'monitor/start/copied-files.ts': [['shared', 'openSync']],
  'monitor/program/daemon.ts': [['own', 'heldLock']],
  'monitor/disks/backup.ts': [['own', 'mkdirSync realpathSync']],
  'monitor/disks/capture.ts': [
    ['held', 'open'],
    ['own', 'replaceFile rmSync'],
  ],
  'monitor/disks/restore-journal.ts': [['own', 'existsSync readRegularFile replaceFile rmSync']],
  'monitor/disks/restore.ts': [
    ['held', 'open'],
    ['own', 'openSync rmSync'],
  ],
  'monitor/endings/crash-store.ts': [
    [
      'own',
      'existsSync mkdirSync openSync readFileSync readdirSync renameSync replaceFile rmSync statSync writeFileSync',
    ],
  ],
  'monitor/endings/death-record.ts': [['own', 'readFileSync replaceFile rmSync']],
  'monitor/endings/last-exit.ts': [['own', 'readRegularFile replaceFile']],
  'monitor/endpoints/certificate.ts': [
    ['own', 'linkSync readSecretFile rmSync writeFileSync'],
    ['config', 'readFileSync'],
  ],
  'monitor/endpoints/endpoints.ts': [['own', 'existsSync rmSync']],
  'monitor/endpoints/registration.ts': [['own', 'mkdirSync statSync watch']],
  'monitor/takeover/find-kernel.ts': [
    ['own', 'heldLock'],
    ['host', 'statSync'],
  ],
  'monitor/guest/guest-memory.ts': [['host', 'statfsSync']],
  'monitor/program/host-facts.ts': [['host', 'readFileSync statSync statfsSync']],
  'monitor/program/monitor-lock.ts': [['own', 'openSync statSync']],
  'monitor/program/own-cgroup.ts': [['host', 'existsSync readFileSync']],
  'monitor/program/pid-file.ts': [['own', 'readFileSync rmSync writeFileSync']],
  'monitor/start/config-source.ts': [['own', 'existsSync']],
  'monitor/takeover/cleanup.ts': [['own', 'existsSync']],
  'monitor/takeover/run-record.ts': [['own', 'readRegularFile replaceFile']],
  'monitor/start/execute-plan.ts': [['own', 'rmSync']],
  'monitor/program/write-units.ts': [['named', 'mkdirSync readdirSync writeFileSync']],
  'network/configure.ts': [['own', 'chownSync makeCharacterDevice openSync rmSync']],
  'network/connect-pasta.ts': [['own', 'chmodSync mkdirSync symlinkSync']],
  'network/network-lock.ts': [['own', 'openSync']],
  'network/pasta-link.ts': [['own', 'lstatSync rmSync']],
  'network/release.ts': [['own', 'rmSync']],
  'network/host/find-listeners.ts': [['host', 'readFile readdir readlink']],
  'network/rules/find-obstacles.ts': [['host', 'readFile']],
  'network/host/host-network.ts': [['host', 'existsSync openSync readFileSync statSync']],
  'network/watch/host-watch.ts': [['host', 'readFileSync readlinkSync']],
  'network/plan/link.ts': [['host', 'readFileSync']],
  'network/mac/mac-pool-file.ts': [['own', 'existsSync openSync readFileSync replaceFile']],
  'network/network-record.ts': [
    ['own', 'readFileSync readdirSync replaceFile rmSync'],
    ['host', 'readlinkSync'],
  ],
  'network/plan/kernel-settings.ts': [['host', 'readFileSync writeFileSync']],
  'plan/checks/access.ts': [['message', 'statSync']],
  'plan/facts/core-claims.ts': [['own', 'mkdirSync readFileSync readdirSync rmSync writeFileSync']],
  'plan/facts/core-load.ts': [['host', 'readFileSync']],
  'plan/facts/inventory.ts': [['host', 'readFileSync']],
  'plan/facts/lpj-cache.ts': [['own', 'openSync readFileSync replaceFile']],
  'rpc/idl/generate.ts': [['named', 'readFileSync']],
  'rpc/server/restore-socket.ts': [['own', 'statSync watch']],
  'rpc/auth/known-hosts.ts': [['named', 'mkdirSync readFileSync rewriteFile']],
  'rpc/server/listen.ts': [['own', 'chmodSync chownSync lstatSync renameSync rmSync']],
  'rpc/auth/password-file.ts': [['own', 'mkdirSync openSync readSecretFile rewriteFile']],
  'system/files/atomic-file.ts': [['own', 'openSync renameSync rmSync writeFileSync']],
  'system/native/capabilities.ts': [['host', 'readFileSync']],
  'system/clock.ts': [['host', 'readFileSync']],
  'system/files/walk-beneath.ts': [['layer', 'lstatSync openSync']],
  'system/files/held-directory.ts': [
    [
      'layer',
      'linkDescriptor lstatSync mkdirSync openSync opendirSync readdirSync readlinkSync renameSync rmdirSync unlinkSync',
    ],
  ],
  'system/logs/error-log.ts': [['named', 'readlinkSync']],
  'system/processes/find-program.ts': [['host', 'accessSync statSync']],
  'system/files/held-lock.ts': [['own', 'openSync']],
  'system/processes/host-command.ts': [['host', 'existsSync']],
  'system/processes/host-limits.ts': [['host', 'readFileSync writeFileSync']],
  'system/processes/inherited-descriptors.ts': [['host', 'readdirSync']],
  'system/processes/memory-limits.ts': [['host', 'readFileSync']],
  'system/errors/monitor-exit-record.ts': [['own', 'openSync readFileSync replaceFile']],
  'system/native/process.ts': [['host', 'readFileSync']],
  'system/files/reopen.ts': [['held', 'open']],
  'system/files/rewrite-file.ts': [
    ['named', 'lstatSync openSync readFileSync realpathSync renameSync replaceFile rmSync writeFileSync'],
  ],
  'system/files/secret-file.ts': [['own', 'openSync readFileSync']],
  'system/logs/security-file.ts': [['own', 'mkdirSync openSync renameSync rmSync']],
  'system/service-manager.ts': [['host', 'openDatagram sendDatagram']],
  'system/processes/trusted-program.ts': [['held', 'openSync']],
  'system/files/walk-path.ts': [['layer', 'openSync readlinkSync']],
  'umlrun/compiled.ts': [
    ['own', 'mkdirSync openSync readFileSync readdirSync renameSync rmSync statSync writeFileSync'],
  ],
  'umlrun/host/covers.ts': [['checked', 'lstatSync']],
  'umlrun/host/directories.ts': [
    ['host', 'readFileSync'],
    ['held', 'statfsSync'],
    ['own', 'mkdirSync'],
    ['checked', 'realpathSync'],
  ],
  'umlrun/host/given.ts': [['held', 'openSync']],
  'umlrun/host/host.ts': [['host', 'existsSync readFileSync readdirSync']],
  'umlrun/host/image.ts': [
    ['held', 'openSync promises'],
    ['own', 'statfsSync'],
  ],
  'umlrun/init-file.ts': [['host', 'openSync']],
  'umlrun/streams/input.ts': [['own', 'rmSync writeFileSync']],
  'umlrun/main.ts': [['host', 'readFileSync']],
  'umlrun/run-directory.ts': [['own', 'existsSync openSync readdirSync rmSync statSync writeFileSync']],
  'umlrun/run-group.ts': [['host', 'readFileSync']],
  'umlrun/run.ts': [
    ['own', 'rmSync writeFileSync'],
    ['message', 'statSync'],
  ],
  'umlrun/streams/sink.ts': [['held', 'openSync']],
  'web/http/assets.ts': [['host', 'readFileSync']],
  'web/main.ts': [['host', 'readFileSync']],
  'web/login/remote-login.ts': [['config', 'readFileSync readSecretFile']],
};

/** What a file takes from others by name: `[module, names]`. Types are nothing. */
function imports(text: string): [string, string[]][] {
  const found = text.matchAll(/\bimport\s+(type\s+)?\{([^}]*)\}\s*from\s*'([^']+)'/g);
  return [...found].map(([, type, list = '', module = '']) => [
    module,
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !type && !name.startsWith('type '))
      .map((name) => name.split(/\s+as\s+/)[0] ?? ''),
  ]);
}

/** Functions that a source takes and that work on paths. */
function pathFunctions(text: string): string[] {
  const names = imports(text).flatMap(([module, list]) => {
    if (/^(?:node:)?fs(?:\/promises)?$/.test(module)) return list.filter((name) => !byDescriptor.has(name));
    const ours = ofOurs[module.split('/').at(-1) ?? ''];
    return ours ? list.filter((name) => ours.includes(name)) : [];
  });
  return [...new Set(names)].filter((name) => name !== 'FileHandle').sort();
}

/** Ways to node:fs that the search above would not see. */
const otherWays =
  /\b(?:import|require)\s*\(\s*['"`](?:node:)?fs\b|\bimport\s+(?:\*|\w+)[^;{]*from\s*['"](?:node:)?fs\b|\bgetBuiltinModule\s*\(\s*['"`](?:node:)?fs\b|process\.binding|from\s*"(?:node:)?fs\b|\bexport\s[^;]*from\s*['"](?:node:)?fs\b/;

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.[cm]?[tj]s$/.test(file) && !/^(?:web\/browser|setup)\//.test(file),
);

test('files are used by descriptors, or by those paths for which the table has a reason', () => {
  const found: Record<string, string[]> = {};
  const allowed: Record<string, string[]> = {};
  for (const file of files) {
    const text = readFileSync(join(source, file), 'utf8');
    const names = pathFunctions(text);
    if (names.length > 0 || table[file]) {
      found[file] = names;
      // What is allowed and not used has to go, too.
      allowed[file] = (table[file] ?? []).flatMap(([, list]) => list.split(' ')).sort();
    }
    expect(otherWays.exec(text)?.[0], file).toBeUndefined();
  }
  expect(found).toEqual(allowed);
});

/** What gives a file a new content, or puts another in its place. */
const writers = 'copyFileSync rename renameSync replaceFile writeFile writeFileSync'.split(' ');

/** Of the files that do so where a user says, those that may, and why. */
const otherControllers: Readonly<Record<string, string>> = {
  'monitor/program/write-units.ts': 'new files in the directory that systemd has made empty for a generator',
  'system/files/rewrite-file.ts': 'the layer itself',
};

test('a file of a user is written by rewriteFile, which keeps what it has', () => {
  const writing = Object.entries(table).filter(([, uses]) =>
    uses.some(
      ([reason, list]) =>
        (reason === 'config' || reason === 'named') && list.split(' ').some((name) => writers.includes(name)),
    ),
  );
  expect(writing.map(([file]) => file).sort()).toEqual(Object.keys(otherControllers).sort());
});

test('the table names files that there are, and reasons that are used', () => {
  expect(Object.keys(table).filter((file) => !files.includes(file))).toEqual([]);
  const used = new Set(Object.values(table).flatMap((uses) => uses.map(([reason]) => reason as string)));
  expect(Object.keys(reasons).filter((reason) => !used.has(reason))).toEqual([]);
});

test('the search sees what it should', () => {
  expect(pathFunctions("import { type Stats, closeSync, statSync as s } from 'node:fs';")).toEqual([
    'statSync',
  ]);
  expect(pathFunctions("import {\n  open,\n  type FileHandle,\n} from 'node:fs/promises';")).toEqual([
    'open',
  ]);
  expect(pathFunctions("import type { BigIntStats } from 'node:fs';")).toEqual([]);
  expect(pathFunctions("import { lock, sendDatagram } from '../system/native.ts';")).toEqual([
    'sendDatagram',
  ]);
  for (const way of [
    "import * as fs from 'node:fs';",
    "import fs from 'fs';",
    "const { rmSync } = require('node:fs');",
    "await import('node:fs/promises')",
    "export { rmSync } from 'node:fs';",
    'import { rmSync } from "node:fs";',
    "process.getBuiltinModule('fs')",
  ])
    expect(way).toMatch(otherWays);
});
