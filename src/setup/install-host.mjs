// Installs what host-files.mjs lists below DESTDIR. With --undo, removes exactly what the manifest of the last
// installation names, except files that were changed since.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, normalize } from 'node:path';
import { hostFiles } from './host-files.mjs';

const root = new URL('../../', import.meta.url).pathname;
const words = process.argv.slice(2);
const isDry = words.includes('-n');
const isUndo = words.includes('--undo');
const prefix = normalize(process.env.PREFIX || '/usr/local').replace(/(.)\/$/, '$1');
const destination = process.env.DESTDIR || '';
const manifestPath = `${prefix}/lib/umlmon/manifest`;

if (words.some((word) => word !== '-n' && word !== '--undo') || !isAbsolute(prefix)) {
  console.error('usage: [PREFIX=/usr/local] [DESTDIR=] npm run install-host -- [-n]');
  process.exit(2);
}
const say = (text) => console.log(text);
const at = (path) => destination + path;

/** The manifest of the last installation: path → SHA-256 of the file, `-> TARGET` of a link, `directory`. */
const installed = readManifest();
try {
  if (isUndo) undo();
  else install();
} catch (error) {
  if (!error.syscall) throw error;
  const hint = error.code === 'EACCES' ? ' (hint: be root, or set PREFIX or DESTDIR)' : '';
  console.error(`install-host: ${error.message}${hint}`);
  process.exit(1);
}

function install() {
  const files = hostFiles(root, prefix);
  const manifest = new Map([...installed].filter(([, what]) => what === 'directory'));
  for (const file of files) {
    const what = file.target === undefined ? digest(file.text) : `-> ${file.target}`;
    const found = describe(file.to);
    if (file.keep && found !== undefined && found !== what && found !== installed.get(file.to)) {
      say(`${file.to} is yours, and stays as it is`);
      continue;
    }
    manifest.set(file.to, what);
    if (found === what) continue;
    say(`${file.to}${file.target === undefined ? '' : ` -> ${file.target}`}`);
    if (!isDry) put(file, manifest);
  }
  const wanted = new Set(files.map(({ to }) => to));
  for (const [path, what] of installed) if (what !== 'directory' && !wanted.has(path)) remove(path, what);
  if (isDry) return;
  put({ to: manifestPath, mode: 0o644, text: manifestText(manifest) }, manifest);
  // The directories that the manifest itself has needed.
  writeFileSync(at(manifestPath), manifestText(manifest));
  if (destination === '')
    say(`Then, with systemd: systemd-sysusers; systemd-tmpfiles --create umlmon.conf; systemctl daemon-reload;
systemctl enable umlmon.target. With sysvinit: update-rc.d umlmon defaults. The example of a configuration is
/etc/umlmon/umlmon.example.ini.`);
}

function undo() {
  if (installed.size === 0) {
    console.error(`install-host: nothing is installed: there is no ${at(manifestPath)}`);
    process.exitCode = 1;
    return;
  }
  for (const [path, what] of installed) if (what !== 'directory') remove(path, what);
  if (!isDry) rmSync(at(manifestPath));
  const directories = [...installed].filter(([, what]) => what === 'directory').map(([path]) => path);
  for (const path of directories.sort().reverse()) removeIfEmpty(path);
}

/** Programs may be running: each file is replaced at once. */
function put({ to, mode, text, target }, manifest) {
  makeDirectory(dirname(to), manifest);
  const fresh = `${at(to)}.umlmon-new`;
  rmSync(fresh, { force: true });
  if (target === undefined) {
    writeFileSync(fresh, text);
    chmodSync(fresh, mode);
  } else symlinkSync(target, fresh);
  renameSync(fresh, at(to));
}

function makeDirectory(path, manifest) {
  if (path === '/' || describe(path) !== undefined) return;
  makeDirectory(dirname(path), manifest);
  mkdirSync(at(path), { recursive: true });
  chmodSync(at(path), 0o755);
  manifest.set(path, 'directory');
}

function remove(path, what) {
  const found = describe(path);
  if (found === undefined) return;
  if (found !== what) {
    say(`${path} was changed, and stays`);
    return;
  }
  say(`${path} removed`);
  if (!isDry) rmSync(at(path));
}

function removeIfEmpty(path) {
  try {
    if (!isDry) rmdirSync(at(path));
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error;
  }
}

/** What is at a path, in the form of the manifest; undefined if nothing is. */
function describe(path) {
  const found = lstatSync(at(path), { throwIfNoEntry: false });
  if (!found) return undefined;
  if (found.isSymbolicLink()) return `-> ${readlinkSync(at(path))}`;
  return found.isFile() ? digest(readFileSync(at(path))) : 'directory';
}

function digest(text) {
  return createHash('sha256').update(text).digest('hex');
}

function manifestText(manifest) {
  return [...manifest].map(([path, what]) => `${path}\t${what}\n`).join('');
}

function readManifest() {
  try {
    const lines = readFileSync(at(manifestPath), 'utf8').split('\n').filter(Boolean);
    return new Map(lines.map((line) => line.split('\t')));
  } catch (error) {
    if (error.code === 'ENOENT') return new Map();
    throw error;
  }
}
