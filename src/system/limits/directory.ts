import { internal, KiB, limit, MiB, shared } from './limit.ts';

const oldestGoes = 'The oldest connection of the address with the most is closed.';

export const directory = {
  vms: limit(1024, '', 'Monitors registered with one umldir.', 'The monitor retries.', 'trusted'),
  hosts: limit(256, '', 'Other hosts of a shared directory.', 'Others are omitted and counted.', 'trusted'),
  sharedVms: limit(
    16_384,
    '',
    'VMs of all other hosts of a shared directory.',
    'Others are omitted and counted.',
    shared(1024, 0, 'host'),
  ),
  changesKept: limit(2048, '', 'Changes kept for watchers.', 'DIRECTORY_LOST: list again.', 'trusted'),
  watchers: limit(256, '', 'Calls that wait for changes.', 'DIRECTORY_BUSY.', shared(64, 32, 'address')),
  connections: limit(256, '', 'TCP connections to umldir.', oldestGoes, shared(64, 0, 'address')),
  idleTime: limit(90_000, 'ms', 'Silence of a connection to umldir.', 'The connection is closed.'),
  redirected: limit(1024, '', 'Connections through the redirector.', oldestGoes, shared(256, 0, 'address')),
  announceTime: limit(10_000, 'ms', 'Time to name a VM and reach its monitor.', 'The connection is closed.'),
  announceBytes: internal(1 * KiB, 'bytes', 'Record that names a VM; a longer one ends the connection.'),
  announceAnswerBytes: internal(8 * KiB, 'bytes', 'Record of its answer; a longer one ends the connection.'),
  etcdRetry: internal(500, 'ms', 'First pause after a failure of etcd; it doubles up to etcdRetryMax.'),
  etcdRetryMax: limit(30_000, 'ms', 'Longest pause after a failure of etcd.', 'It stays at that.'),
  etcdTime: limit(5_000, 'ms', 'One request to etcd.', 'The next endpoint is tried.'),
  etcdReplyBytes: limit(16 * MiB, 'bytes', 'One answer of etcd.', 'The answer is rejected.', 'one'),
  etcdOperations: internal(100, '', 'Keys set in one transaction; etcd allows 128 by default.'),
} as const;
