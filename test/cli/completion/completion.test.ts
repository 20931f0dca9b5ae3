import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { program, World } from '../../helpers/programs/world.ts';

const scripts = join(import.meta.dirname, '../../../etc/completion');
const world = new World();
const bin = join(world.home, 'bin');
const env = {
  PATH: `${bin}:${process.env.PATH}`,
  HOME: world.home,
  UMLMON_CONFIG: world.configPath,
  TERM: 'xterm',
};

beforeAll(() => {
  world.configure({
    'web-1': 'ubd0 = /disks/root.dsk',
    web2: 'ubd0 = /disks/root.dsk',
    db: 'ubd0 = /disks/root.dsk',
  });
  mkdirSync(bin);
  for (const name of ['umladmin', 'umlwatch', 'umlmon', 'umlrun'] as const)
    symlinkSync(program(name), join(bin, name));
});
afterAll(() => world.close());

function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env,
    cwd: world.home,
    timeout: 60_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

function inBash(line: string): string[] {
  const words = line.split(' ');
  const code = `source "$1/$2.bash"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); "_$1"; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return output('bash', ['-c', code, 'bash', scripts, ...words])
    .split('\n')
    .filter(Boolean);
}

function inFish(line: string): string[] {
  const [name = ''] = line.split(' ');
  const code = `source ${scripts}/${name}.fish; complete -C '${line}'`;
  return output('fish', ['--no-config', '-c', code])
    .split('\n')
    .flatMap((text) => text.split('\t')[0] || []);
}

/** In a terminal of zsh's own: what is on the line after TAB. What a mark says is not in the echo of the line that says it. */
function inZsh(line: string): string {
  const code = String.raw`
    zmodload zsh/zpty
    zpty shell zsh -f -i
    wait_for() { local text= part; while [[ $text != *$~1* ]]; do zpty -r shell part || exit 1; text+=$part; done; REPLY=$text }
    zpty -w shell "PS1= PS2= RPS1= PROMPT_EOL_MARK=; fpath=($HOME/zsh \$fpath); autoload -Uz compinit; compinit -u -D; print comp''init-done"
    wait_for compinit-done
    zpty -w shell 'show() { print -r -- "line<$BUFFER>"; BUFFER= }; zle -N show; bindkey "^T" show; print bi""nd-done'
    wait_for bind-done
    zpty -w -n shell "$1"$'\t\x14'
    wait_for 'line<*>'
    print -rn -- "${'$'}{${'$'}{REPLY##*line<}%%>*}"`;
  return output('zsh', ['-f', '-c', code, 'zsh', line]);
}

describe('completion', () => {
  beforeAll(() => {
    mkdirSync(join(world.home, 'zsh'));
    for (const name of ['umladmin', 'umlwatch', 'umlmon', 'umlrun'])
      symlinkSync(join(scripts, `${name}.zsh`), join(world.home, 'zsh', `_${name}`));
  });

  test.each([
    ['umlwatch we', ['web-1', 'web2']],
    ['umlwatch web2 we', []],
    ['umlwatch web2 -sta', ['-start', '-stats', '-stack']],
    ['umlwatch web2 -start -wait gu', ['guest']],
    ['umlwatch web2 -disk cow-', ['cow-create', 'cow-merge', 'cow-rebase']],
    ['umlwatch web2 -stop -time', ['-timeout']],
    ['umlmon -plan d', ['db']],
    ['umldir -li', ['-list']],
    ['umlweb -conf', ['-config']],
    ['umlrun -mem 64M prlim', ['prlimit']],
  ])('%s', (line, wanted) => {
    // A directory may be in PATH by two names.
    expect([...new Set(inBash(line))]).toEqual(wanted);
    expect(inFish(line).sort()).toEqual([...wanted].sort());
  });

  test.each([
    ['umladmin st', ['start', 'stop']],
    ['umladmin disk cr', ['create']],
    ['umladmin stop web2 we', ['web-1', 'web2']],
    ['umladmin config set d', ['db']],
    ['umladmin start -wait ke', ['kernel']],
  ])('%s, in fish', (line, wanted) => {
    expect(inFish(line).sort()).toEqual(wanted);
  });

  test.each([
    ['umlwatch d', 'umlwatch db '],
    ['umlwatch web2 -conn', 'umlwatch web2 -connect '],
    ['umlwatch web2 -start -wait gu', 'umlwatch web2 -start -wait guest '],
    ['umlwatch web2 -disk resi', 'umlwatch web2 -disk resize '],
    ['umladmin disk snapshot-', 'umladmin disk snapshot-delete '],
    ['umladmin upd', 'umladmin update '],
    ['umladmin stop web', 'umladmin stop web'],
    ['umladmin config get d', 'umladmin config get db '],
    ['umlmon -cl', 'umlmon -cleanup '],
    ['umlrun -mem 64M prlim', 'umlrun -mem 64M prlimit '],
  ])('%s, in zsh', (line, wanted) => {
    expect(inZsh(line)).toBe(wanted);
  });
});
