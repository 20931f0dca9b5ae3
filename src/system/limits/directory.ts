import { KiB, limit } from './limit.ts';

export const directory = {
  vms: limit(
    1024,
    '',
    'Monitors of one host in its directory, a connection each: twice as many as a large host has.',
    'A further monitor is closed at once, and tries again.',
  ),
  hosts: limit(256, '', 'Other hosts of a shared directory.', 'Further ones are left out, and counted.'),
  sharedVms: limit(
    16_384,
    '',
    'VMs of all other hosts of a shared directory, about 4 MiB.',
    'Further ones are left out, and counted.',
  ),
  changesKept: limit(
    2048,
    '',
    'Changes kept for watchers that come late: all VMs of a large host, twice.',
    'The oldest go; a watcher that needs them gets DIRECTORY_LOST, and lists again.',
  ),
  watchers: limit(256, '', 'Calls that wait for changes at once.', 'A further one gets DIRECTORY_BUSY.'),
  connections: limit(
    256,
    '',
    'TCP connections to the directory.',
    'The one that has been waiting longest without an answer gives way; if all have been answered, the new one is closed.',
  ),
  connectionsPerAddress: limit(
    64,
    '',
    'TCP connections to the directory from one address (IPv6: one network of 64 bits).',
    'As above, among those of the address.',
  ),
  tellInterval: limit(
    1_000,
    'ms',
    'Time between two lines of the log about connections that were closed at these limits.',
    'One line tells how many.',
  ),
  idleTime: limit(
    90_000,
    'ms',
    'Time without a byte on a connection to the directory: longer than the longest wait of a call.',
    'The connection ends.',
  ),
  redirected: limit(
    1024,
    '',
    'Connections through the redirector, and those that have not announced a VM yet.',
    'The one that has been waiting longest without an answer gives way; if all have been answered, the new one is closed.',
  ),
  redirectedPerAddress: limit(
    256,
    '',
    'The same from one address (IPv6: one network of 64 bits): a class room behind one address.',
    'As above, among those of the address.',
  ),
  announceTime: limit(
    10_000,
    'ms',
    'Time to announce a VM to the redirector, and for the redirector to reach its monitor.',
    'The connection ends.',
  ),
  announceBytes: limit(
    1 * KiB,
    'bytes',
    'Record with an announcement: names of a VM and a host, and a few words.',
    'The connection ends as soon as a fragment announces more.',
  ),
  announceAnswerBytes: limit(
    8 * KiB,
    'bytes',
    'Record with the answer to an announcement: the four texts of a failure.',
    'The connection ends.',
  ),
  etcdRetry: limit(500, 'ms', 'Time after which etcd is tried again.', 'It doubles, up to the next line.'),
  etcdRetryMax: limit(30_000, 'ms', 'Longest time between two such attempts.', 'It stays at that.'),
  etcdTime: limit(5_000, 'ms', 'Time for one request to etcd.', 'The next etcd is tried.'),
  etcdReplyBytes: limit(
    16 * KiB * KiB,
    'bytes',
    'One answer of etcd, or one line of its watch: all VMs of the shared directory.',
    'The answer is not used; etcd counts as broken.',
  ),
  etcdOperations: limit(
    100,
    '',
    'Keys set in one transaction of etcd, which takes 128 unless told otherwise.',
    'The next transaction has the rest.',
  ),
} as const;
