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

/** Prints docs/umlmon.5.md, the manual page of the configuration (Markdown for pandoc). */
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

The configuration describes the virtual machines (VMs) of a host. It is a text file in INI format. The section
**\\[GLOBAL\\]** applies to all VMs; each other section describes the VM of its name. The monitor of a VM, umlmon(8),
requires such a section.

The name of a VM has at most 32 letters, digits, **-** and **\\_**, and starts with a letter or digit. *GLOBAL* and
*shared* are reserved.

umlmon reports all problems of all files together, with file, line, section and key. A problem in the section of one
VM does not affect the other VMs; a problem elsewhere affects all.

# FILES

The first of these files that exists is the main file:

1. the file of the option **-config**; if given, no other file is tried;
2. the file of the environment variable **UMLMON\\_CONFIG**; if set, no other file is tried;
3. *$XDG\\_CONFIG\\_HOME/umlmon/umlmon.ini*, that is *~/.config/umlmon/umlmon.ini*, for users other than root;
4. */etc/umlmon/umlmon.ini*;
5. */etc/umlmon*, if that is a file.

Further files:

*vms/NAME.ini*
:   A separate file for one VM, in the directory of the main file. It has exactly one section, **\\[NAME\\]**.

*VARDIR/NAME/config*
:   Settings that the user of the VM may change, in a section **\\[NAME\\]**. They override those of the other files.
    Only some keys are allowed here. The file must be a regular file; links are not followed.

**umladmin config**, see umladmin(8), changes single settings of the first two files and leaves the rest unchanged.

# SYNTAX

A line is empty, a section (**\\[NAME\\]** in the first column), a setting (*key* **=** *value*), or a comment that
starts with **#** or **;**. A comment needs its own line. Names of keys are in lower case.

A value is the rest of the line without surrounding blanks. A value that contains **#** or **;** needs double quotes.
Within them, a double quote or a backslash needs a backslash before it. Within single quotes, every character is
literal.

umlmon rejects what other programs ignore: a repeated section or key, a key before the first section, a line without
**=**, an unknown key. The text must be UTF-8. A file has at most 1 MiB and 1000 sections of 256 keys; a line has at
most 4096 characters.

BOOLEAN
:   **true**, **yes**, **on**, or **false**, **no**, **off**.

SIZE
:   A whole number followed by **K**, **M** or **G** for KiB, MiB or GiB.

DURATION
:   A whole number followed by **ms**, **s**, **m** or **h**.

PATH
:   A path as the jail of the VM sees it. */disks* is *VARDIR/NAME/jail/disks* on the host, and */shared* is the
    directory **shared**.

DIRECTORY
:   The absolute path of a directory of the host.
`;

const end = `# EXAMPLES

The smallest useful configuration:

    [vm1]
    vmuser = uml-vm1
    ubd0 = /disks/root.dsk

A VM with a second, read-only disk, a logged login console and its own core:

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
