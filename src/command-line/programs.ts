import type { ProgramOption, ProgramSpec } from './program-spec.ts';

const config: ProgramOption = {
  value: 'PATH',
  valueHint: 'a configuration file',
  help: 'Read this configuration (also: UMLMON_CONFIG).',
  completes: 'files',
};
const json: ProgramOption = { help: 'Print JSON, one document per line.' };
const summary = {
  help: { help: 'Print this summary.' },
  version: { help: 'Print the version.' },
} as const;

export const umlwatchProgram = {
  name: 'umlwatch',
  usage: ['[OPTION …] VM[@HOST[:PORT]] [-COMMAND [ARGUMENT …] …]'],
  arguments: 'commands',
  options: {
    config,
    json,
    'mconsole-socket': {
      value: 'PATH',
      valueHint: 'the socket of a kernel: uml_dir/UMID/mconsole',
      help: 'Control a kernel without a monitor, in place of VM.',
      completes: 'files',
    },
    'password-file': {
      value: 'PATH',
      valueHint: 'a file with the password in its first line',
      help: 'Read the password for a remote VM from this file.',
      completes: 'files',
    },
    ca: {
      value: 'PATH',
      valueHint: 'a file with certificates in PEM form',
      help: 'Trust only hosts with a certificate from these CAs.',
      completes: 'files',
    },
    plain: { help: 'Connect without TLS, for monitors with tcp = plain.' },
    ...summary,
  },
} as const satisfies ProgramSpec;

export const umladminProgram = {
  name: 'umladmin',
  usage: ['[OPTION …] COMMAND [ARGUMENT …]'],
  arguments: 'commands',
  options: { config, json, ...summary },
} as const satisfies ProgramSpec;

export const umlmonProgram = {
  name: 'umlmon',
  usage: [
    '[-config PATH] [-fg] VM',
    '[-config PATH] [-json] -plan VM',
    '[-config PATH] [-json] -check [VM]',
    '[-config PATH] [-json] -cleanup VM',
    '[-config PATH] -units DIRECTORY',
  ],
  arguments: 'one',
  options: {
    config,
    json,
    fg: { help: 'Stay in the foreground and log to standard error.' },
    plan: { help: 'Print what a start would do, and change nothing.' },
    check: { help: 'Check the configuration, and this host for the VM.' },
    cleanup: { help: 'Remove and list leftovers of a killed monitor.' },
    units: {
      value: 'DIRECTORY',
      help: 'Write the systemd units of all VMs to this directory.',
      completes: 'files',
    },
    ...summary,
  },
} as const satisfies ProgramSpec;

export const umldirProgram = {
  name: 'umldir',
  usage: ['[-config PATH]', '[-config PATH] [-json] -list [HOST[:PORT]]'],
  arguments: 'one',
  options: {
    config,
    json,
    list: { help: 'List the VMs in the directory of this host or of HOST.' },
    ...summary,
  },
} as const satisfies ProgramSpec;

export const umlwebProgram = {
  name: 'umlweb',
  usage: ['[-config PATH]'],
  arguments: 'nothing',
  options: { config, ...summary },
} as const satisfies ProgramSpec;

export const umlrunProgram = {
  name: 'umlrun',
  usage: ['[OPTION …] [--] COMMAND [ARGUMENT …]'],
  arguments: 'command',
  options: {
    image: {
      value: 'FILE',
      help: 'A disk image as the root (shared/disks/root.dsk).',
      completes: 'files',
    },
    root: {
      value: 'DIR',
      help: 'A directory of the host as the root.',
      completes: 'files',
    },
    share: {
      value: 'DIR[:ro]',
      help: 'Share this directory of the host. May be repeated.',
      completes: 'files',
    },
    mem: { value: 'SIZE', help: 'Memory of the guest (256M).' },
    env: { value: 'NAME[=VALUE]', help: 'Set a variable for the command. May be repeated.' },
    kernel: {
      value: 'PATH',
      help: 'The kernel, or its directory (shared/kernels/linux).',
      completes: 'files',
    },
    user: { value: 'USER', help: 'Run the kernel as this user; only for root.' },
    net: { value: 'none|user', help: 'user: reach the network of the host through pasta(1).' },
    config: { ...config, help: 'Take the directories from this configuration.' },
    ...summary,
  },
} as const satisfies ProgramSpec;
