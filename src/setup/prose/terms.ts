/** A thing and the one term for it. */
export interface Term {
  readonly use: string;
  readonly meaning: string;
  /** What is not used for it, as the glossary shows it. */
  readonly never?: string;
  /** A regular expression for that, without its capitals and with any space for a blank. None: a reviewer has to see it. */
  readonly match?: string;
}

/** The terms of the project; docs/glossary.md is made from them, and `npm run check` finds the others. */
export const terms: readonly Term[] = [
  {
    use: 'command, subcommand, option',
    meaning: 'what a user types: `-start`, `disk create`',
    never: 'word, verb',
    match:
      "(?<!in (?:other|its own|their own) )(?<!the system's )(?<!bit )(?:(?<!\\d )(?<!than \\w+ )words?(?! of (?:its|the) (?:error|kernel|system|tool|program)| in a sentence)|verbs?)",
  },
  {
    use: 'warning',
    meaning: 'something wrong that ends nothing; the event `warning`; `-info` lists warnings',
    never: 'trouble',
    match: 'troubles?',
  },
  {
    use: 'problem',
    meaning: 'a mistake in the configuration or an unmet need; `CONFIG_INVALID` lists problems',
    never: 'oddity',
    match: 'oddit(?:y|ies)',
  },
  {
    use: 'viewer',
    meaning: 'a client that is attached to a console',
    never: 'seat, observer',
    match: 'seats?|observers?|who (?:is|are) at (?:a|the|its) console',
  },
  {
    use: 'controller; to take, request and release control',
    meaning: 'the one viewer whose input reaches the console',
    never: 'pen, writer, who types',
    match: 'pens?|who types|who may type|typists?',
  },
  { use: 'attach', meaning: 'a client becomes a viewer of a console' },
  { use: 'detach, disconnect', meaning: 'a viewer leaves by a key; its connection is lost' },
  {
    use: 'stopped',
    meaning: 'the state of a VM that has no kernel',
    never: 'down, off, kept',
    match:
      '(?:VMs?|vm1|guests?|kernels?|monitors?|it|they|VMs? that|those that) (?:is|are|was|were|goes|go|went|has gone|comes|come) down',
  },
  {
    use: 'preserved',
    meaning: 'a VM that was stopped by `on_crash = preserve`: nothing is cleaned up, and no policy starts it',
    never: 'kept for inspection',
    match: 'kept for inspection|(?:is|are|what is) kept of an? crash',
  },
  {
    use: 'unmanaged',
    meaning: 'a kernel of the VM runs that its monitor did not start and cannot verify',
    never: 'foreign (kernel)',
    match: 'foreign (?:kernels?|states?)',
  },
  {
    use: "another user's, not yours",
    meaning: 'an image, a file or a process that belongs to another user',
    never: 'foreign (image, file)',
    match: 'foreign(?!-| (?:function|key))',
  },
  {
    use: 'clean shutdown, clean stop',
    meaning: 'Ctrl-Alt-Del, then halt, then kill, each after a timeout',
    never: 'stop in order',
    match:
      '(?:stop(?:s|ped|ping)?|ends?|ended|ending|shut(?:s|ting)? down|shutdown|halt(?:s|ed)?|exit(?:s|ed)?|leaves|left|gone|down|out|closed?) in order(?! to| of)|(?:stop|shutdown|exit|end|it) (?:that )?(?:is|was) in order',
  },
  {
    use: 'to shut down, to exit, to quit',
    meaning: 'a monitor shuts down, a program exits, a user quits a program',
    never: 'leave, end oneself, go',
    match: '(?:end|ends|ended|ending) (?:itself|themselves|oneself)',
  },
  {
    use: 'previous monitor, next monitor',
    meaning: 'the monitors of a VM before and after this one',
    never: 'former monitor, successor',
    match:
      'former monitors?|successors?|(?:the|its) one (?:after|before) (?:it|this|that)|monitor (?:after|before) it',
  },
  {
    use: 'to take over, to adopt; takeover',
    meaning: 'a new monitor continues with a running kernel',
    never: 'believe, take back',
    match: 'tak(?:e|es|ing) back|taken back|took back',
  },
  {
    use: 'exit record, unexpected exit, crash',
    meaning: 'how a kernel ended',
    never: 'death, ending, unasked end',
    match: 'deaths?|endings|(?:an|its|last|the|this|that|each) ending|unasked',
  },
  { use: 'crash bundle', meaning: 'the directory with the logs, the screens and the memory of a crash' },
  {
    use: 'paused',
    meaning: 'the state of a VM whose guest does not run',
    never: 'stands still',
    match: '(?:stands?|stood|standing) still',
  },
  {
    use: 'started, finished',
    meaning: 'of operations and jobs',
    never: 'began, has come to',
    match: '(?:has|have|had) come to',
  },
  { use: 'operation', meaning: 'start, stop, restart, kill, backup, restore: a VM has one at a time' },
  { use: 'job', meaning: 'a disk command that the monitor runs in the background' },
  {
    use: 'disk command',
    meaning: 'create, copy, resize and others, on disk images',
    never: 'verb',
  },
  {
    use: 'start',
    meaning: 'what a user asks for',
    never: 'begin, launch',
    match: 'begins?|began|begun|beginnings?|launch(?:es|ing)',
  },
  { use: 'plan', meaning: 'the value that describes a start', never: 'makePlan, prepare' },
  { use: 'execute', meaning: 'to do the steps of a plan', never: 'perform, launch' },
  { use: 'spawn', meaning: 'the exec of the kernel in its jail', never: 'launch' },
  { use: 'boot', meaning: "what the guest's kernel and init do" },
  {
    use: 'report, log, print, notify, publish',
    meaning: 'to give information; an event is published',
    never: 'tell, say, told, speak',
    match:
      '(?:is|are|was|were|be|been|being|not) told|told|tells?|telling|(?<!(?:page|configuration|dashboard|column|line|status|manual|file|header|name|message|manifest|table|section|README|RFC \\d+|use) )says|say|said|saying|spoken?|speaks?|spoke',
  },
  {
    use: 'check, read, inspect, detect',
    meaning: 'to get information',
    never: 'look at, see',
    match: 'look(?:s|ed|ing)? (?:at|whether|into|after)',
  },
  {
    use: 'remove, delete',
    meaning: 'afterwards it does not exist',
    never: 'take away, go',
    match: '(?:tak(?:e|es|ing)|taken|took) (?:(?:it|them|that) )?away|(?:goes|go|gone|went|going) away',
  },
  {
    use: 'not found, missing, does not exist',
    meaning: 'a thing that was expected',
    never: 'there is none, is none',
    match: '(?:is|are|was|were) none|(?:is|are|was|were) not (?:there|one)(?=(?:[.,;:)]|$))',
  },
  {
    use: 'invalid, malformed',
    meaning: 'input that does not follow its rules',
    never: 'is no X, is not one',
    match:
      '(?<!there )(?<!there (?:has|have) )(?:is|are|was|were|be) no (?!longer|more|less|fewer|later|earlier|older|newer|larger|smaller|one|better|worse|way|such|need|reason|use|doubt)[a-z]+',
  },
  {
    use: 'unexpected argument, too many, too large',
    meaning: 'more than is allowed',
    never: 'too much',
    match: '(?:is|are|was) too much',
  },
  {
    use: 'recreated',
    meaning: 'a socket or directory, after it was lost',
    never: 'made again',
    match: '(?:made|makes?|making) (?:(?:it|them|that) )?(?:again|anew)',
  },
  {
    use: 'restored, repaired',
    meaning: 'the network of the host, after another program changed it',
    never: 'made again',
  },
  {
    use: 'view, console, operate, admin',
    meaning: 'the roles; each includes those before it',
    never: 'view',
    match: 'roles? look|look-only',
  },
  {
    use: 'veth pair',
    meaning: 'the link between the namespace of a jail and the host',
    never: 'leg',
    match: 'legs?',
  },
  {
    use: 'private bridge',
    meaning: 'the bridge of `network(name=...)`, without an uplink',
    never: 'switch',
    match: '(?:private|virtual|named|own) switch(?:es)?',
  },
  {
    use: 'pasta network',
    meaning: 'the network `user`, by pasta, without root',
    never: 'user network plan',
    match: 'user network plan',
  },
  {
    use: 'host resources',
    meaning: 'bridges, taps, addresses and rules that a VM needs',
    never: 'demands',
    match: '(?:the|its|their|all|of|whose|network) demands',
  },
  {
    use: 'lock, lock holder',
    meaning: 'mutual exclusion; a process holds a lock',
    never: 'turn, keep',
    match:
      '(?:a|the|its|whose|his|their|one|each|next) turns?(?! (?:on|off|out|into|of the event|of reading))|take turns|takes turns|took turns|taking turns',
  },
  { use: 'queue, scheduler, share', meaning: 'fair ordering among peers', never: 'turns' },
  { use: 'directory server, redirector', meaning: 'umldir; a directory alone is a folder' },
  {
    use: 'login, password, role',
    meaning: 'how a client is authenticated and what it may call',
    never: 'proved who they are',
    match: '(?:proves?|proved|proven) (?:who|themselves|itself)|prove themselves',
  },
  {
    use: 'host network, network of the host',
    meaning: 'the interfaces, bridges, addresses and rules outside the jails',
  },
  { use: 'console, serial line, channel', meaning: '`con0`…, `ssl0`…, either of them' },
  {
    use: 'throw-away VM',
    meaning: 'what umlrun runs: it exists for one command',
    never: 'disposable VM',
    match: 'disposable VMs?',
  },
  {
    use: 'readiness level',
    meaning: '`launched`, `kernel`, `guest`, `console`: how far a start is; `-wait LEVEL`',
  },
  { use: 'snapshot, backup, COW image, backing file', meaning: 'see umlmon(7), IMAGES and BACKUPS' },
  {
    use: 'user, account',
    meaning: 'a user of the host',
    never: 'people, somebody, whoever, who',
    match:
      '(?:some|any|every)body|(?<!(?:user|group|account|uid) )nobody|someone|people|persons?|strangers?|whoever|whomever|whosoever',
  },
  {
    use: 'caller, peer, client',
    meaning: 'a process at the control socket, at the other end of a connection, of a server',
  },
];
