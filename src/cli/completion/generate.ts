import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { programs } from './programs.ts';
import { zshScript } from './zsh.ts';

/** etc/completion: a script for each program and shell. umladmin has one of its own for bash, which knows images. */
export function generateCompletions(): { path: string; text: string }[] {
  return programs.flatMap((program) => [
    ...(program.name === 'umladmin'
      ? []
      : [{ path: `etc/completion/${program.name}.bash`, text: bashScript(program) }]),
    { path: `etc/completion/${program.name}.zsh`, text: zshScript(program) },
    { path: `etc/completion/${program.name}.fish`, text: fishScript(program) },
  ]);
}
