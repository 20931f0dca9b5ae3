/** Pure. */
import { globalKeys } from './keys/global-keys.ts';
import { effectTexts, isFamily, type KeySpec, type KeyTable } from './keys/key.ts';
import { vmKeys } from './keys/vm-keys.ts';
import { networkKinds } from './networks/kinds.ts';
import type { TransportOption } from './networks/options.ts';

const layers = {
  admin: 'the administrator only',
  user: 'also in the *config* file of the VM',
} as const;

/** docs/umlmon.5.md, the manual page of the configuration (Markdown for pandoc). */
export function generateConfigPage(): { path: string; text: string }[] {
  const text = [
    beginning,
    '# GLOBAL KEYS',
    '',
    ...describe(globalKeys),
    '# VM KEYS',
    '',
    ...describe(vmKeys),
    '# NETWORK',
    '',
    'The value of a key **eth0** to **eth15** is a kind of interface, with arguments in parentheses.',
    '',
    ...describeKinds(),
    end,
  ];
  return [{ path: 'docs/umlmon.5.md', text: text.join('\n') }];
}

function describe(table: KeyTable): string[] {
  return Object.entries(table).flatMap(([name, spec]) => [
    `${names(name, spec)} = ${escaped(spec.form)}`,
    `:   ${escaped(spec.help)}`,
    '',
    `    Default: ${defaults(name, spec)}. Set by: ${layers[spec.layer]}. A change takes effect ${effectTexts[spec.effect]}.`,
    `    Example: \`${isFamily(spec) ? `${name}0` : name} = ${spec.example}\``,
    '',
  ]);
}

function describeKinds(): string[] {
  return Object.entries(networkKinds).flatMap(([name, { help, example, arguments: table }]) => [
    `## ${escaped(name)}`,
    '',
    escaped(help),
    '',
    ...Object.entries<TransportOption<unknown>>(table).flatMap(
      ([argument, { required, form, help: text }]) => [
        `**${escaped(argument)}**=${escaped(form)}${required ? '' : ' (optional)'}`,
        `:   ${escaped(text)}`,
        '',
      ],
    ),
    `Example: \`eth0 = ${example}\``,
    '',
  ]);
}

function names(name: string, spec: KeySpec): string {
  const key = `**${escaped(name)}**`;
  return isFamily(spec) ? `**${name}0** … **${name}${spec.units - 1}**` : key;
}

function defaults(name: string, spec: KeySpec): string {
  if (spec.defaultNote !== undefined) return spec.defaultNote;
  if (!isFamily(spec)) return `\`${spec.default}\``;
  const given = Object.entries(spec.defaults).map(([unit, text]) => `\`${text}\` for **${name}${unit}**`);
  return [...given, given.length > 0 ? 'nothing for the others' : 'nothing'].join(', ');
}

/** Characters that Markdown would take for markup. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]^~$<>|]/g, '\\$&');
}

const beginning = `% UMLMON(5) umlmon | Configuration

<!-- Generated from the key tables in src/config by \`npm run generate\`. -->

# NAME

umlmon - configuration of User Mode Linux virtual machines

# DESCRIPTION

The configuration says which virtual machines (VMs) there are and what each of them has. It is a text file in INI
format: the section **\\[GLOBAL\\]** is for all VMs, and every other section is one VM, whose name is the name of the
section. A VM must have a section before its monitor, umlmon(8), can be started.

A name of a VM has at most 32 letters, digits, **-** and **\\_**, and begins with a letter or digit. *GLOBAL* and
*shared* are not possible.

All mistakes of all files are reported together, with file, line, section and key. A mistake in the section of one
VM does not hold up the others; a mistake elsewhere does.

# FILES

The first of these files that exists is the main file:

1. the one that the option **-config** names, and no other;
2. the one that the environment variable **UMLMON\\_CONFIG** names, and no other;
3. *$XDG\\_CONFIG\\_HOME/umlmon/umlmon.ini*, that is *~/.config/umlmon/umlmon.ini*, for users other than root;
4. */etc/umlmon/umlmon.ini*;
5. */etc/umlmon*, if that is a file.

Beside it:

*vms/NAME.ini*
:   In the directory of the main file: a VM with a file of its own. The file has exactly one section, **\\[NAME\\]**.

*VARDIR/NAME/config*
:   What the user of a VM changes, in a section **\\[NAME\\]**. These settings win over those of the other files, but only
    some keys may be set here. The file must be a regular file; links are not followed.

**umladmin config**, see umladmin(8), changes single settings of the first two and keeps everything else in them.

# SYNTAX

A line is a section, **\\[NAME\\]** in the first column; or a setting, *key* **=** *value*; or a comment, which begins
with **#** or **;** (or the line is empty). Comments have lines of their own. Names of keys are in small letters.

A value is the rest of the line without the blanks around it. A value with **#** or **;** in it must stand in double
quotes; a double quote or a backslash inside them needs a backslash before it. In single quotes everything stands for itself.

What other programs would silently pass over is a mistake here: a section or key that is there twice, a key before
the first section, a line without **=**, an unknown key. The text must be UTF-8. A file may have 1 MiB, 1000 sections
of 256 keys,
and lines of 4096 characters.

BOOLEAN
:   **true**, **yes**, **on**, or **false**, **no**, **off**.

SIZE
:   A whole number with **K**, **M** or **G** behind it, for KiB, MiB or GiB.

DURATION
:   A whole number with **ms**, **s**, **m** or **h** behind it.

PATH
:   A path as the jail of the VM sees it. */disks* is *VARDIR/NAME/jail/disks* on the host, and */shared* is the
    directory **shared**.

DIRECTORY
:   The path of a directory of the host, from the root on.
`;

const end = `# EXAMPLES

The smallest useful configuration:

    [vm1]
    vmuser = uml-vm1
    ubd0 = /disks/root.dsk

A VM with a second, read-only disk, a logged login console, and a core of its own:

    [build]
    vmuser = uml-build
    start = boot
    mem = 1G
    cpu = 2
    ubd0 = /disks/root.dsk
    ubd1 = /shared/disks/sources.dsk ro
    con1 = pty log
    append = quiet systemd.unit=multi-user.target

# SEE ALSO

umlmon(7), umlmon(8), umldir(8), umlwatch(1)
`;
