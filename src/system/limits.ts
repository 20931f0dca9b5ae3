/**
 * Every bound of umlmon that is not set by configuration: rings, queues, frames, counts, times. One table, because
 * docs/limits.md is printed from it, and because a bound that nobody sees is one that nobody questions. Bounds of
 * the protocol's fields are in rpc/umlmonctrl.x, bounds of configured values in the key table (umlmon(5)).
 */

const KiB = 1024;
const MiB = 1024 * KiB;
const TiB = 1024 ** 4;

export type Unit = 'bytes' | 'ms' | 'characters' | '';

export interface Limit<V extends number | readonly number[] = number | readonly number[]> {
  readonly value: V;
  readonly unit: Unit;
  /** What is bounded, and why this much. */
  readonly what: string;
  /** What happens at the bound. */
  readonly then: string;
}

function limit<V extends number | readonly number[]>(
  value: V,
  unit: Unit,
  what: string,
  then: string,
): Limit<V> {
  return { value, unit, what, then };
}

const consoles = {
  ringBytes: limit(
    1 * MiB,
    'bytes',
    'Newest output of a console, kept for viewers that are slow or come later: what a busy guest says in some 20 ms, or a long session.',
    'The oldest bytes go; a reader sees by the offset how many it has missed.',
  ),
  ringFirstBytes: limit(
    4 * KiB,
    'bytes',
    'First size of a ring: a screen of text.',
    'It doubles as output comes.',
  ),
  readBytes: limit(
    64 * KiB,
    'bytes',
    'Output taken from one console in a row.',
    'The other consoles have their turn.',
  ),
  ptyReadBytes: limit(
    4 * KiB,
    'bytes',
    'Most that a pty gives per read(2) (n_tty.c).',
    'Less free room than this ends a turn.',
  ),
  ptyBytes: limit(
    20 * KiB,
    'bytes',
    'Most that a pty holds: twice the limit of its buffers (pty.c sets 8 KiB) and what the reading side keeps (n_tty.c). Measured: 13 to 20 KiB, by the sizes of the writes.',
    'The guest waits until the monitor has read.',
  ),
  writeQueueBytes: limit(
    64 * KiB,
    'bytes',
    'Typed or pasted input that waits for a guest which does not read it.',
    'The call that types accepts fewer bytes than offered.',
  ),
  waiters: limit(
    256,
    '',
    'Readers that wait for the output of one console at the same time: one per possible connection.',
    'A further one gets CONSOLE_BUSY.',
  ),
  crowd: limit(
    4,
    '',
    'Viewers who wait for the output of a flood at the same time, and together are given as much as comes in.',
    'More of them are given half of it: they read the rest later, or miss it, and the guest does not slow down.',
  ),
  lineCharacters: limit(
    500,
    'characters',
    'Longest line of console output in exit records and messages.',
    'The rest of the line is left out.',
  ),
  logRetry: limit(
    1000,
    'ms',
    'Time between attempts to write a log that failed, e.g. on a full disk.',
    'Output in between is counted as dropped.',
  ),
  stallBytes: limit(
    4 * KiB,
    'bytes',
    'Output after which a silence may mean that the kernel is stuck at a full pty: less than the limit of a pty’s buffers.',
    'The kernel is woken after a while.',
  ),
  stallTimes: limit(
    [2, 30, 300, 3000],
    'ms',
    'Silences after so much output: soon, and again in case the host was busy then. After input, from the second one on.',
    'The kernel is woken after each of them.',
  ),
  awakeTime: limit(
    2,
    'ms',
    'Time after a read of so much that the monitor looks for more without sleeping: a guest in a flood fills its pty faster than a process is woken.',
    'The monitor sleeps until there is output.',
  ),
  wakeBytes: limit(
    8 * KiB,
    'bytes',
    'One read of so much means that the guest writes faster than the monitor reads, and may meet a full pty. Without this, every stall costs the first of the times above, and output comes at half the speed.',
    'The kernel is woken at once, for the price of one signal.',
  ),
  gatherBytes: limit(
    64 * KiB,
    'bytes',
    'Output of a flood that viewers are not told of yet: as much as one answer carries.',
    'They are told. Anything less than a flood, such as the echo of a key, is told at once.',
  ),
  gatherTime: limit(
    2,
    'ms',
    'Longest time that viewers are not told of a flood. A pty holds so little that the monitor must be back at it in a quarter of a millisecond.',
    'They are told.',
  ),
} as const;

const rpc = {
  authBytes: limit(
    400,
    'bytes',
    'Body of a credential or verifier (RFC 5531 section 8.2).',
    'The connection ends.',
  ),
  callHeaderBytes: limit(
    6 * 4 + 2 * (8 + 400),
    'bytes',
    'Header of a call: xid, message type, RPC version, program, version, procedure; then credential and verifier.',
    'The connection ends as soon as a fragment announces more than header and arguments can have.',
  ),
  replyBytes: limit(
    1 * MiB,
    'bytes',
    'Record with a reply. The largest that carries data is 64 KiB and a few words; lists are cut by whoever answers.',
    'It is not sent, and the call gets SYSTEM_ERR; a client ends the connection.',
  ),
  fragments: limit(
    1024,
    '',
    'Fragments of one record: 1 MiB in pieces of 1 KiB. Without a bound, empty fragments would be read for ever.',
    'The connection ends.',
  ),
  connections: limit(
    256,
    '',
    'Connections of one monitor: a class that watches one console, and a dashboard; more are a leak of somebody.',
    'A further one is closed at once, and counted.',
  ),
  callsOutstanding: limit(
    32,
    '',
    'Calls of one connection in progress: one waiting read for each console, one for the events, and room for commands.',
    'Further calls are not read until one is answered; use a second connection for many waiting reads.',
  ),
  unsentPauseBytes: limit(
    256 * KiB,
    'bytes',
    'Unsent replies of a connection.',
    'No further call is read until the client has read its replies.',
  ),
  unsentDropBytes: limit(
    4 * MiB,
    'bytes',
    'Unsent replies of a connection: above what 32 reads of 64 KiB can add after the pause, so that only a peer that asks for much and reads nothing comes here.',
    'The connection ends, and is counted.',
  ),
  unsentTotalBytes: limit(
    64 * MiB,
    'bytes',
    'Unsent replies of all connections of a monitor.',
    'A connection that has more than its pause unsent, and adds to it, ends, and is counted.',
  ),
  clientCalls: limit(
    256,
    '',
    'Calls that one client keeps waiting, sent or not: bounds its own memory when the monitor has stopped reading.',
    'A further call fails.',
  ),
  closeGrace: limit(
    1000,
    'ms',
    'Time that a closing connection leaves to replies which are on their way.',
    'The connection is cut.',
  ),
} as const;

const kernel = {
  notifyPerSecond: limit(
    20,
    '',
    'Notifications of one type per second: a guest that boots sends a handful of messages through /proc/mconsole, a kernel one panic.',
    'They are read all the same, because the kernel waits for that, but counted instead of published.',
  ),
  notifyRounds: limit(
    256,
    '',
    'Notifications taken in a row. The queue of the socket holds 11.',
    'Others have their turn; then reading goes on.',
  ),
  mconsoleTimeout: limit(
    5000,
    'ms',
    'Time for a command of the management console; the usual answer takes 0.03 ms.',
    'The command fails with MCONSOLE_TIMEOUT.',
  ),
  mconsolePoke: limit(
    250,
    'ms',
    'Silence after which a request may be stuck behind a malformed one of somebody else.',
    'The kernel is poked with an empty request.',
  ),
  mconsoleQuiet: limit(
    250,
    'ms',
    'Silence within an answer after which its last packets must be lost; the kernel sends them without a pause.',
    'The answer is delivered and marked truncated.',
  ),
  mconsoleSurePackets: limit(
    11,
    '',
    'Packets of an answer of which surely none is missing: what the queue of a socket holds.',
    'A longer answer is marked truncated, since the kernel drops packets for which the queue has no room.',
  ),
  mconsoleWaiting: limit(
    300,
    '',
    'Commands that wait for the one in progress: one of each possible connection, and some. Those of the monitor itself go ahead of them.',
    'A further one fails with MCONSOLE_BUSY.',
  ),
  versionCharacters: limit(
    500,
    'characters',
    'What a kernel says that it is; usual are 120.',
    'The rest is left out.',
  ),
  mconsoleAnswerPackets: limit(
    2048,
    '',
    'Packets of one answer: about 1 MiB of text.',
    'The answer is delivered and marked truncated.',
  ),
} as const;

const jail = {
  pauseWait: limit(
    5_000,
    'ms',
    'Wait until all threads of a kernel stand still: longer than the host may take for a write.',
    'The kernel goes on, and the backup fails.',
  ),
  launchDeadline: limit(
    30_000,
    'ms',
    'Time until the sandbox has started the kernel process; usual are 15 ms.',
    'The start fails, and everything is undone.',
  ),
  launchWords: limit(
    1000,
    'characters',
    'Last words of a sandbox that failed, kept for the error.',
    'Earlier words are left out.',
  ),
} as const;

const monitor = {
  eventsKept: limit(
    1024,
    '',
    'Events kept for late listeners: an hour of a busy VM, at most about 1 MiB.',
    'The oldest go; a listener that needs them gets EVENTS_LOST.',
  ),
  eventsPerRead: limit(
    64,
    '',
    'Events in one answer: fits a record of the control protocol.',
    'The next answer has more.',
  ),
  eventText: limit(1024, 'characters', 'One text or attribute of an event.', 'The rest is cut off.'),
  eventListeners: limit(
    256,
    '',
    'Calls that may wait for events at once: one per possible connection.',
    'A further one gets EVENTS_LISTENERS.',
  ),
  jobsRunning: limit(
    4,
    '',
    'Jobs of a VM at the same time: copies that share one disk of the host do not become faster by being more.',
    'A further one gets JOB_BUSY.',
  ),
  jobsKept: limit(
    32,
    '',
    'Jobs that a monitor remembers, with those that run: a client that lost its connection can still ask.',
    'The oldest of those that have ended are forgotten.',
  ),
  jobProgressInterval: limit(
    100,
    'ms',
    'Time between two reports of the progress of a job; its end is told at once.',
    'What comes in between is told with the next one.',
  ),
  imagesPerAnswer: limit(256, '', 'Images in one answer.', 'The client asks again, from the last one on.'),
  imageListBytes: limit(
    512 * KiB,
    'bytes',
    'Texts in one list of images: long paths and many holders must fit a record of the control protocol.',
    'The client asks again, from the last one on.',
  ),
  seatsPerConnection: limit(
    80,
    '',
    'Seats of one connection at consoles: all consoles and serial lines of a VM once.',
    'A further one gets CONSOLE_SEATS.',
  ),
  exitLines: limit(2 * KiB, 'bytes', 'Output of con0 kept in an exit record.', 'Earlier output is left out.'),
  bootMessages: limit(
    64 * KiB,
    'bytes',
    'Output of con0 that is searched for what a boot tells; usual are 5 KiB.',
    'The next boot is not made faster by it.',
  ),
  bootMessagesWait: limit(
    1_000,
    'ms',
    'Time after which the boot messages are looked at.',
    'Nothing waits for it.',
  ),
  runRecordBytes: limit(
    1 * MiB,
    'bytes',
    'Record of a running kernel that is read back for adoption.',
    'The kernel counts as foreign.',
  ),
  bundleConsoleBytes: limit(
    256 * KiB,
    'bytes',
    'Newest output of one console in a crash bundle.',
    'Earlier output is left out; the log may have it.',
  ),
  bundleConsolesBytes: limit(
    4 * MiB,
    'bytes',
    'Output of all consoles in a crash bundle, con0 first.',
    'Later consoles have less, or nothing.',
  ),
  bundleEventBytes: limit(1 * MiB, 'bytes', 'Events in a crash bundle.', 'The oldest are left out.'),
  bundleScreenLines: limit(50, '', 'Last lines of con0 in a crash bundle.', 'Earlier lines are left out.'),
  bundleManifestBytes: limit(
    64 * KiB,
    'bytes',
    'Description of a crash bundle that is read back; usual is 1 KiB.',
    'The directory does not count as a bundle, and is left alone.',
  ),
  bundlesBytes: limit(
    64 * MiB,
    'bytes',
    'All crash bundles of a VM; usual are 50 KiB each.',
    'The oldest go first, but the first of a crash loop after the others of it.',
  ),
  crashSeriesGap: limit(
    600_000,
    'ms',
    'Time between two crashes of one crash loop: restarts follow within seconds, and a guest may take minutes to fail again.',
    'The later crash begins another series.',
  ),
  haltWait: limit(
    2_000,
    'ms',
    'Time for halt by management console, in an orderly stop; usual are 4 ms.',
    'The kernel is killed.',
  ),
  killWait: limit(
    10_000,
    'ms',
    'Time until a killed sandbox must be gone.',
    'The stop fails with STOP_FAILED.',
  ),
  restartInterval: limit(
    1_000,
    'ms',
    'Time between two starts by policy: a guest in a reboot loop must not eat the host.',
    'The restart waits. The time doubles with each short life of the guest.',
  ),
  restartIntervalMax: limit(
    60_000,
    'ms',
    'Longest such time. A guest that has lived so long is healthy.',
    'The time does not grow further; after a healthy life it begins anew.',
  ),
  deathsKept: limit(
    100,
    '',
    'Deaths of guests that a monitor remembers, for **restart_limit**, which cannot be larger.',
    'The oldest are forgotten.',
  ),
  deathsBytes: limit(
    16 * KiB,
    'bytes',
    'Record of deaths that is read back by the next monitor; usual are 50 bytes per death.',
    'No deaths are remembered.',
  ),
  mconsoleShown: limit(
    200,
    'characters',
    'A command of the management console in an event.',
    'The rest is left out of the event; the kernel has it all.',
  ),
  printkBytes: limit(
    256 * KiB,
    'bytes',
    'Output of con0 that is taken for the answer to **sysrq** or **stack**: all processes of a guest with some 300.',
    'Later output is left out.',
  ),
  printkQuiet: limit(
    50,
    'ms',
    'Silence of con0 after which such an answer is complete.',
    'What comes later is not of it.',
  ),
  printkWait: limit(1_000, 'ms', 'Longest wait for that silence.', 'What has come by then is the answer.'),
  trimReserve: limit(
    16 * MiB,
    'bytes',
    'Free memory that a trim leaves to the guest, or a sixteenth of its memory if that is more.',
    'A guest with less than that free is not trimmed.',
  ),
  trimStep: limit(
    128 * MiB,
    'bytes',
    'Taken by one command of a trim: some 70 ms in which the kernel does nothing else.',
    'The next command takes more.',
  ),
  trimWorth: limit(
    32 * MiB,
    'bytes',
    'Memory of the host that a guest has freed, from which on **mem_trim** trims it.',
    'With less it is left alone.',
  ),
  statsAge: limit(
    1_000,
    'ms',
    'Age of the statistics of a guest up to which they are given to others who ask.',
    'They are read again.',
  ),
  statsDisks: limit(
    64,
    '',
    'Disks and partitions in the statistics of a guest, which has 16 disks.',
    'Further ones are left out.',
  ),
  metricsConnections: limit(
    16,
    '',
    'Connections to the socket of the metrics: some scrapers at once.',
    'A further one is closed at once.',
  ),
  metricsTime: limit(5_000, 'ms', 'Silence of such a connection.', 'It is closed.'),
  metricsRequest: limit(8 * KiB, 'bytes', 'Request for metrics, with its header.', 'The answer is 400.'),
  guestKeys: limit(
    32,
    '',
    'Keys of a guest that tells **key=value** in /proc/mconsole.',
    'The one that was told the longest ago is forgotten.',
  ),
  guestValue: limit(256, 'characters', 'Value of such a key.', 'The rest is cut off.'),
  hookTime: limit(
    5_000,
    'ms',
    'Time for one call of the program of **hook**.',
    'All its processes are killed, and the event says so; a start goes on.',
  ),
  hookOutput: limit(
    800,
    'characters',
    'Output of a hook that its event shows.',
    'The rest is read and left out.',
  ),
  resumeRetry: limit(
    5_000,
    'ms',
    'Time between attempts to resume a guest whose kernel has not answered.',
    'The next attempt is made, for as long as the kernel lives.',
  ),
  hangQuestions: limit(
    2,
    '',
    'Questions that a kernel leaves unanswered, each for mconsoleTimeout: one may be late on a busy host.',
    'The kernel hangs: event, and policy **on_hang**.',
  ),
  guestSyncWait: limit(
    10_000,
    'ms',
    'Wait before a backup until the guest has written what it held back: 20 MiB take up to 2 s.',
    'The backup goes on without it; its manifest says so.',
  ),
  backupSyncs: limit(
    4,
    '',
    'Times that images are synced before the guest is paused for a backup; each has less to do than the one before.',
    'The guest is paused all the same, and may wait for the disk of the host.',
  ),
  backupSyncQuick: limit(
    10,
    'ms',
    'A sync that leaves hardly anything to write for the pause that follows.',
    'After a slower one, there is another.',
  ),
  guestFreezeWait: limit(
    10_000,
    'ms',
    'Wait until the guest has frozen its file systems for a backup.',
    'It is told to thaw them, and the backup goes on without; its manifest says so.',
  ),
  guestThawWait: limit(
    5_000,
    'ms',
    'Wait until the guest says that its file systems are thawed.',
    'Its kernel is told to thaw them all (sysrq j).',
  ),
} as const;

const disk = {
  imageBytes: limit(
    8 * TiB,
    'bytes',
    'Image that is made or grown: half of what ext4 has for one file.',
    'The verb is refused.',
  ),
  toolBytes: limit(
    64 * KiB,
    'bytes',
    'Words of a file system tool: a badly damaged file system has a line for each of its faults.',
    'The rest is not kept.',
  ),
  toolReportLines: limit(
    20,
    '',
    'Lines of a file system tool in an error.',
    'Those in the middle are left out.',
  ),
  cowDataOffset: limit(
    2 ** 31 - 1,
    'bytes',
    'Place of the data in a COW file: the kernel keeps it in a C int (ubd_kern.c).',
    'The file counts as damaged.',
  ),
  cowImageBytes: limit(
    8 * TiB,
    'bytes',
    'Image under a COW file: a bit for each of its sectors makes 2 GiB.',
    'The file counts as damaged.',
  ),
  cowAlignment: limit(
    64 * KiB,
    'bytes',
    'Alignment in a COW file: the biggest pages of any Linux.',
    'The file counts as damaged.',
  ),
  bitmapBytes: limit(
    64 * KiB,
    'bytes',
    'Part of the bitmap of a COW file that is in memory: that of 256 MiB.',
    'The next part is read when this one is done.',
  ),
  windowBytes: limit(
    1 * MiB,
    'bytes',
    'Part of an image that is merged at once, in two buffers of this size.',
    'Progress is told, and a cancel noticed, between two parts.',
  ),
  windows: limit(
    2,
    '',
    'Parts of an image that are merged at a time: one is read while another is written.',
    'The next part waits.',
  ),
  copyBytes: limit(
    16 * MiB,
    'bytes',
    'Copied by one copy_file_range(2): some milliseconds of a helper thread.',
    'Progress is told, and a cancel noticed, between two copies.',
  ),
  mergeGapBytes: limit(
    32 * KiB,
    'bytes',
    'Gap between sectors that is written too in a merge, as zeros or as it was: faster than one write for each run of sectors.',
    'A longer gap stays a hole, or as it was.',
  ),
  partitions: limit(128, '', 'Partitions of an image that are looked at.', 'Further ones are not seen.'),
  scanDepth: limit(
    8,
    '',
    'Directories in each other below /disks or /shared/disks.',
    'What lies deeper is reported and not looked at.',
  ),
  scanFiles: limit(
    20_000,
    '',
    'Files in the image directories of all VMs of a host: one look at them takes some 10 µs each.',
    'The rest is reported and not looked at.',
  ),
  scanTroubles: limit(
    100,
    '',
    'Directories and images that could not be read, in one report.',
    'Further ones are left out.',
  ),
  leftOverAge: limit(
    60_000,
    'ms',
    'Age of a record of held images that nobody holds: a tool was killed.',
    'The next tool removes it.',
  ),
  holderBytes: limit(
    64 * KiB,
    'bytes',
    'Record of the images that a VM or tool holds: 16 disks with long names are a tenth of it.',
    'A longer one is not believed.',
  ),
  relockTime: limit(
    2_000,
    'ms',
    'Time that an adoption waits for the locks of plugged disks: another VM that looks who holds an image has its lock for some milliseconds.',
    'The image stays listed only, and that is reported.',
  ),
  relockPause: limit(20, 'ms', 'Time between two attempts.', 'It is tried again.'),
  plugTime: limit(
    2_000,
    'ms',
    'Time that a plug or unplug waits for a guest that has the device open: its udev does for a moment after every change, a mounted file system for ever.',
    'It fails with MCONSOLE_DEVICE_OPEN.',
  ),
  plugPause: limit(50, 'ms', 'Time between two attempts.', 'It is tried again.'),
  procLocksBytes: limit(
    1 * MiB,
    'bytes',
    'Text of /proc/locks, to name programs that hold an image: some 15,000 locks.',
    'The rest is not searched.',
  ),
  backupManifestBytes: limit(
    1 * MiB,
    'bytes',
    'Manifest of a backup: 16 disks and all settings are some 20 KiB.',
    'It counts as damaged.',
  ),
  backupsListed: limit(
    500,
    '',
    'Backups of a VM in one list: fits a record of the control protocol.',
    'The oldest are left out.',
  ),
  checkTime: limit(
    3_600_000,
    'ms',
    'Check of one file system in a backup: 100 million files take half an hour.',
    'It counts as not checked.',
  ),
} as const;

const network = {
  commandTime: limit(
    10_000,
    'ms',
    'Time that ip(8) or bridge(8) has for its commands: they take some milliseconds, more only while the host kernel is busy with its interfaces.',
    'The program is ended, and the start fails.',
  ),
  outputBytes: limit(
    8 * MiB,
    'bytes',
    'What ip(8) says about the interfaces of the host: about 1 KiB for each.',
    'The start fails: the host cannot be judged.',
  ),
  recordBytes: limit(
    64 * KiB,
    'bytes',
    'Record of what umlmon has set up for the network of a VM: 16 interfaces are a tenth of it.',
    'A longer one is not believed.',
  ),
  lockWait: limit(
    5_000,
    'ms',
    'Time to wait for other monitors that change the network of the host; each takes some 10 ms.',
    'The start fails.',
  ),
  lockPoll: limit(2, 'ms', 'Time between two looks whether they are done.', 'There is another look.'),
  macFileBytes: limit(
    8 * MiB,
    'bytes',
    'File of the MAC addresses that interfaces have: some 100,000 of them.',
    'It is not believed, and a start that needs an address fails.',
  ),
  forwards: limit(64, '', 'Forwarded ports of one interface.', 'More are refused.'),
  unit: limit(
    255,
    '',
    'Number of an interface in records that are read back.',
    'The record is not believed.',
  ),
  vectorDepth: limit(
    1024,
    '',
    'Packets that a guest reads or writes at once: the host takes no more in one system call (UIO_MAXIOV).',
    'A larger **depth** is refused.',
  ),
  vectorHeadroom: limit(
    4096,
    'bytes',
    'Room in front of a packet, for more headers than any tunnel has.',
    'A larger **headroom** is refused.',
  ),
  descriptor: limit(
    1023,
    '',
    'Number of a descriptor that a kernel inherits: what a process has by default.',
    'A larger one is refused.',
  ),
  socketPathBytes: limit(
    107,
    'bytes',
    'Path of a Unix socket: sun_path has 108 bytes, and the kernel wants a NUL (unix(7)).',
    'A longer one is refused.',
  ),
  vectorOptions: limit(
    20,
    '',
    'Options of one interface on the kernel command line, the transport among them: MAXVARGS of vector_user.h, which the kernel does not check.',
    'No transport has more; it would be a fault of umlmon.',
  ),
} as const;

const umlrun = {
  pieceBytes: limit(
    1 * MiB,
    'bytes',
    'Standard input that waits while a piece is on its way to the guest, and so the size of a piece.',
    'Standard input is not read until the guest has taken the piece.',
  ),
  lineBytes: limit(
    512,
    'bytes',
    'Largest piece of input that goes over the serial line: what a person types.',
    'A larger one goes through a file.',
  ),
  bootWait: limit(
    30_000,
    'ms',
    'Time from the launch until the command runs; usual are 50 to 200.',
    'The VM is ended, and umlrun fails.',
  ),
  signalWait: limit(
    5_000,
    'ms',
    'Time that a command has to end after a signal that umlrun has passed on.',
    'The VM is ended.',
  ),
  words: limit(
    64 * KiB,
    'characters',
    'Messages of the kernel that are kept, to say how a VM failed.',
    'The oldest go.',
  ),
  lines: limit(20, '', 'Of these, lines that are shown.', 'Those before are left out.'),
  failureCharacters: limit(1000, 'characters', 'One such line.', 'It is cut.'),
} as const;

/** The table as docs/limits.md shows it: room → limits. */
export const limitTable = { console: consoles, disk, network, rpc, kernel, jail, monitor, umlrun } as const;

type Values<T extends Record<string, Limit>> = { readonly [K in keyof T]: T[K]['value'] };

function valuesOf<T extends Record<string, Limit>>(limits: T): Values<T> {
  return Object.fromEntries(Object.entries(limits).map(([name, { value }]) => [name, value])) as Values<T>;
}

export const consoleLimits = valuesOf(consoles);
export const diskLimits = valuesOf(disk);
export const networkLimits = valuesOf(network);
export const rpcLimits = valuesOf(rpc);
export const kernelLimits = valuesOf(kernel);
export const jailLimits = valuesOf(jail);
export const monitorLimits = valuesOf(monitor);
export const umlrunLimits = valuesOf(umlrun);
