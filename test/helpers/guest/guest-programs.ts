import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, realpathSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files of a guest by their path there, and the files of the host that are put there. */
export type GuestFiles = ReadonlyMap<string, string>;

const env = { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' };
/** What programs that draw on a terminal look for at run time. */
const data = ['/lib/terminfo/x/xterm-256color', '/usr/lib/locale/C.utf8'];

/** Programs of the host by their Debian packages, as /usr/bin/NAME of a guest, and all that they need there. */
export function programFiles(packages: Readonly<Record<string, string>>): GuestFiles {
  const programs = Object.entries(packages).map(([name, debian]) => {
    const path = `/usr/bin/${name}`;
    if (!statSync(path, { throwIfNoEntry: false }))
      throw new Error(`${path} is missing, which this test runs in a guest: apt-get install ${debian}`);
    return path;
  });
  const libraries = execFileSync('ldd', programs, { env, encoding: 'utf8' }).matchAll(/(\/lib\S+) \(0x/g);
  const paths = [...programs, ...[...libraries].map(([, path = '']) => path), ...data.flatMap(filesBelow)];
  return new Map(paths.map((path) => [path, realpathSync(path)]));
}

/** Puts files into an ext4 image that nobody uses, and makes it as large as it has to be for them. */
export function addToImage(image: string, files: GuestFiles): void {
  const bytes = [...files.values()].reduce((sum, path) => sum + statSync(path).size, 0);
  truncateSync(image, statSync(image).size + 2 * bytes);
  execFileSync('e2fsck', ['-fp', image], { env, stdio: 'pipe' });
  execFileSync('resize2fs', [image], { env, stdio: 'pipe' });
  const directories = [...new Set([...files.keys()].flatMap(parentsOf))];
  const commands = [
    // An error where there is one already.
    ...directories.map((path) => `mkdir ${path}`),
    ...[...files].flatMap(([path, source]) => [
      `cd ${dirname(path)}`,
      `write ${source} ${path.slice(path.lastIndexOf('/') + 1)}`,
    ]),
    ...[...files.keys()].map((path) => `set_inode_field ${path} mode 0100755`),
  ];
  // debugfs itself always ends with 0; e2fsck would not.
  spawnSync('debugfs', ['-w', '-f', '-', image], { env, input: `${commands.join('\n')}\n` });
  execFileSync('e2fsck', ['-fn', image], { env, stdio: 'pipe' });
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}

/** From the top on. */
function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parentsOf(parent), parent];
}
