import { KiB, limit } from './limit.ts';

export const remote = {
  iterations: limit(
    100_000,
    '',
    'Rounds of PBKDF2 between a password and its verifier: a client needs some hundredths of a second, whoever has the file of the verifiers as much for each guess.',
    'More would make every umlwatch slower.',
  ),
  iterationsLeast: limit(
    4096,
    '',
    'Rounds that a client does not go below (RFC 7677 section 4): fewer make guessing easy.',
    'The client does not answer the challenge.',
  ),
  iterationsMost: limit(
    1_000_000,
    '',
    'Rounds that a client does not go beyond: more would keep it busy for whoever asks.',
    'The client does not answer the challenge.',
  ),
  passwordLeast: limit(8, 'characters', 'Shortest password.', 'A new one is refused.'),
  passwordMost: limit(
    256,
    'characters',
    'Longest password.',
    'A new one is refused; of a file, no more is read.',
  ),
  passwordFileBytes: limit(
    1024 * KiB,
    'bytes',
    'The file of the verifiers: some 300 bytes each.',
    'It is refused.',
  ),
  strangers: limit(
    16,
    '',
    'TCP connections to a monitor whose clients have not proved who they are.',
    'For a further one, the oldest of the address with the most of them is closed.',
  ),
  strangerTime: limit(
    10_000,
    'ms',
    'Time from a connection over TCP to the proof of a password.',
    'It is closed.',
  ),
  strangerCallBytes: limit(
    8 * KiB,
    'bytes',
    'Record with a call of a client that has not proved who it is: a header and one message.',
    'The connection ends as soon as a fragment announces more.',
  ),
  freeFailures: limit(5, '', 'Wrong passwords from one address before it must wait.', 'See backOffFirst.'),
  freeFailuresInAll: limit(
    100,
    '',
    'Wrong passwords for one VM, from whatever address, before strangers must wait: addresses that nobody has logged in from.',
    'See backOffFirst.',
  ),
  backOffFirst: limit(
    250,
    'ms',
    'First wait after too many wrong passwords; it doubles with each further one. Half of the failures are forgotten with each success.',
    'Attempts in that time are refused unheard, and do not make it longer.',
  ),
  backOffMost: limit(10_000, 'ms', 'Longest such wait for an address.', 'The wait stays so long.'),
  throttleNames: limit(
    1024,
    '',
    'Addresses (of IPv6: networks of 64 bits) whose failures are remembered, and as many that have logged in.',
    'The one that was quiet for longest is forgotten.',
  ),
  throttleMemory: limit(
    3_600_000,
    'ms',
    'Time after which failures are forgotten.',
    'They do not count any more.',
  ),
  certificateBytes: limit(64 * KiB, 'bytes', 'File of a private key.', 'It is refused.'),
  opensslTime: limit(
    20_000,
    'ms',
    'Time for openssl(1) to make a certificate.',
    'It is ended, and the monitor does not start.',
  ),
  refusalInterval: limit(
    60_000,
    'ms',
    'Time between two events `login-refused`.',
    'What happens meanwhile is counted, and told by the next one.',
  ),
  passwordLockPoll: limit(
    10,
    'ms',
    'Time between two looks whether they are done.',
    'There is another look.',
  ),
  passwordLockWait: limit(
    5000,
    'ms',
    'Wait for another umladmin that changes passwords.',
    'The change is refused.',
  ),
} as const;
