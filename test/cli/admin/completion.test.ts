import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminCommands } from '../../../src/cli/admin/table.ts';
import { program, World } from '../../helpers/programs/world.ts';

const world = new World();
/** An image whose name a shell would take for a command. */
const hostile = '$(touch$IFS$PWNED).dsk';
const script = join(import.meta.dirname, '../../../etc/completion/umladmin.bash');

beforeAll(() => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  const image = world.addImage('vm1');
  copyFileSync(image, join(image, '..', hostile));
});
afterAll(() => world.close());

/** What bash offers at the end of a line, broken into words as its COMP_WORDBREAKS do. */
function offers(line: string): string[] {
  const words = line.split(/[\s:]/).filter((word, i, all) => word !== '' || i === all.length - 1);
  const code = `
    source "$1"
    umladmin() { "$PROGRAM" -config "$CONFIG" "$@"; }
    COMP_LINE=$2 COMP_POINT=\${#2}
    shift 2
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _umladmin
    printf '%s\\n' "\${COMPREPLY[@]}"
    [ ! -e "$PWNED" ] || echo expanded`;
  const args = ['-c', code, 'bash', script, line, ...words];
  const env = {
    ...process.env,
    PROGRAM: program('umladmin'),
    CONFIG: world.configPath,
    PWNED: join(world.home, 'pwned'),
  };
  const { status, stdout, stderr } = spawnSync('bash', args, { encoding: 'utf8', env });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter(Boolean);
}

test.each([
  ['umladmin ', [...Object.keys(adminCommands), '-config', '-json', '-help', '-version']],
  ['umladmin di', ['disk']],
  ['umladmin start ', ['-wait', '-timeout', '-json', 'vm1']],
  ['umladmin stop vm1 v', ['vm1']],
  ['umladmin config set vm', ['vmuser', 'vm1']],
  ['umladmin config get vm1 fast', ['fast_boot']],
  ['umladmin config set G', ['GLOBAL']],
  ['umladmin kernel use vm1 l', ['linux']],
  ['umladmin -config /x -json disk cow', ['cow-create', 'cow-merge', 'cow-rebase']],
  ['umladmin disk delete vm1:/disks/r', ['/disks/root.dsk']],
  ['umladmin disk delete v', [`vm1:/disks/${hostile.replace(/[$()]/g, '\\$&')}`, 'vm1:/disks/root.dsk']],
  ['umladmin disk delete vm1:/disks/*', []],
  ['umladmin disk create vm1:/disks/new.dsk 10G -e', ['-ext4']],
  ['umladmin list x', []],
])('%j', (line, wanted) => {
  expect(offers(line)).toEqual(wanted);
});
