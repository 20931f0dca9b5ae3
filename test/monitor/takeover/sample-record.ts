import { kernelArgument } from '../../../src/config/values/kernel-argument.ts';
import type { RunRecord } from '../../../src/monitor/takeover/run-record.ts';

/** What a monitor leaves for the one after it, as small as it can be. */
export const sampleRecord: RunRecord = {
  plan: {
    vm: 'vm1',
    user: { name: 'uml-vm1', uid: 1001, gid: 1001 },
    kernel: { file: '/k/linux', version: '7.2.7', arguments: ['mem=64M', 'umid=vm1'].map(kernelArgument) },
    mem: 2 ** 26,
    cpus: [1],
    sandbox: {
      programs: {
        prlimit: '/p',
        taskset: '/usr/bin/taskset',
        setarch: '/s',
        setpriv: '/s',
        unshare: '/u',
        bwrap: '/b',
      },
      launcher: 'user-namespace',
      limits: { core: 1, files: 256, stack: 8_388_608 },
      network: 'none',
      root: '/var/lib/umlmon/vm1/jail',
      tmpfs: [],
      binds: [],
      environment: {},
      seccompFd: 4,
      statusFd: 3,
      cwd: '/',
      command: ['/kernel/linux'],
    },
    steps: [
      { do: 'lock-vm', path: '/run/umlmon/vm1/vm.lock' },
      {
        do: 'lock-images',
        images: [
          {
            unit: 0,
            jailPath: '/disks/a.dsk',
            hostPath: '/a.dsk',
            id: '8:1',
            readOnly: false,
            sync: false,
            kernelLock: true,
            trim: true,
            serial: '',
          },
        ],
        store: { varDir: '/var/lib/umlmon', shared: '/shared', holders: '/run/umlmon/.images' },
        syncMs: 10_000,
      },
      {
        do: 'open-consoles',
        consoles: [{ channel: 'con0', logged: true }],
        log: { directory: '/l', size: 4096, count: 1 },
      },
      {
        do: 'launch',
        argv: ['/b'],
        statusFile: 'status',
        filter: {
          architecture: 'x64',
          unix: 'datagram',
          families: [],
          rootLauncher: false,
          hostNetwork: false,
        },
        descriptors: [
          { fd: 0, is: 'slave', channel: 'con0' },
          { fd: 5, is: 'vm-lock' },
          { fd: 6, is: 'master', channel: 'con0' },
          { fd: 7, is: 'image-lock', unit: 0 },
        ],
      },
      { do: 'await-kernel', withinMs: 10_000, mconsole: 'run/uml/vm1/mconsole', reply: 'run/mon/reply' },
    ],
  },
  began: 1_700_000_000_000,
  kernel: { pid: 4711, startTime: 99 },
};
