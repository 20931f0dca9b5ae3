import '../tiers/needs-host.ts';
import { execFileSync, spawn, spawnSync } from 'node:child_process';

let count = 0;

/** A network namespace of a test (ip-netns(8)): a host of its own, as far as the network goes. */
export class NetNamespace {
  readonly name: string;

  constructor() {
    count += 1;
    this.name = `umt${process.pid}-${count}`;
    execFileSync('ip', ['netns', 'add', this.name]);
    this.run('ip link set lo up');
    // Addresses that are not tentative for a second: the same state at once.
    this.run('sysctl -qw net.ipv6.conf.default.accept_dad=0');
  }

  /** The output of a command, whose words are separated by blanks. Throws if it fails. */
  run(command: string): string {
    return execFileSync('ip', ['netns', 'exec', this.name, ...command.split(' ')], { encoding: 'utf8' });
  }

  /** Whether a command ends well. */
  succeeds(command: string): boolean {
    return spawnSync('ip', ['netns', 'exec', this.name, ...command.split(' ')]).status === 0;
  }

  /** Starts a command; resolves to its output when it has ended. */
  async start(command: string, input: 'none' | 'open' = 'none'): Promise<string> {
    const child = spawn('ip', ['netns', 'exec', this.name, ...command.split(' ')], {
      stdio: [input === 'open' ? 'pipe' : 'ignore', 'pipe', 'inherit'],
    });
    let output = '';
    for await (const text of child.stdout ?? []) output += String(text);
    return output;
  }

  /** A cable to another namespace: `here` in this one, `there` in that. */
  connect(here: string, other: NetNamespace, there: string): void {
    this.run(`ip link add ${here} type veth peer name ${there} netns ${other.name}`);
    this.run(`ip link set ${here} up`);
    other.run(`ip link set ${there} up`);
  }

  /** All that a network set-up consists of, as text: interfaces, addresses, routes, neighbours, settings. */
  state(): string {
    const tables = [
      'ip -details address show',
      'ip route show table all',
      'ip -6 route show table all',
      'ip neighbour show proxy',
      'ip -6 neighbour show proxy',
    ].map((command) => this.run(command));
    // Its exit status reports that some cannot be read.
    const grep = ['netns', 'exec', this.name, 'grep', '-rs', '.', '/proc/sys/net/ipv4', '/proc/sys/net/ipv6'];
    const settings = spawnSync('ip', grep, { encoding: 'utf8' })
      .stdout.split('\n')
      // Values that the kernel counts or chooses at random.
      .filter(
        (line) =>
          !/stable_secret|\/(?:flush|base_reachable|random|fib_multipath_hash_seed|tcp_fastopen_key)/.test(
            line,
          ),
      )
      .sort();
    return [...tables, ...settings]
      .join('\n')
      .replace(/(?:valid|preferred)_lft \w+|\w+_timer +[\d.]+|expires \w+|topology_change\w* \d/g, '');
  }

  close(): void {
    spawnSync('ip', ['netns', 'delete', this.name]);
  }
}
