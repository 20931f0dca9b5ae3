import {
  isQuestion,
  type MconsoleCommand,
  mconsoleLine,
  parseMconsoleLine,
} from '../../kernel/mconsole-command.ts';
import { clipText } from '../../rpc/clip-text.ts';
import { type MconsoleReply, UMLMON_REPLY_MAX } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { SharePeer } from '../../system/sharing/shares.ts';
import { printable } from '../../system/text.ts';
import { printedBy } from '../endings/printed-by.ts';
import type { Vm } from '../vm.ts';
import type { Paused } from './pause.ts';
import { type Trimmed, trimMemory } from './trim.ts';

/**
 * Commands of the management console for clients. A command that ends or pauses the guest
 * becomes the operation of the VM that has this effect.
 */
export class Management {
  readonly #vm: Vm;
  /** The last command of each connection. */
  readonly #last = new WeakMap<AbortSignal, Promise<unknown>>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** Errors: STATE_WRONG, MCONSOLE_*. */
  async ctrlAltDel(by: string): Promise<void> {
    await this.#vm.running().kernel.request('cad');
    this.#vm.events.publish('ctrl-alt-del', `${by} sent Ctrl-Alt-Del`, { by });
  }

  /** Pauses the guest, for pause_limit at most. Errors: STATE_*, MCONSOLE_*. */
  async pause(by: string): Promise<Paused> {
    const { pause, config } = this.#vm.running(['running']);
    return pause.pause(by, config.pause_limit);
  }

  /** Errors: STATE_*, MCONSOLE_*. */
  async resume(by: string): Promise<void> {
    await this.#vm.running(['running']).pause.resume(by);
  }

  /** Errors: STATE_*, MCONSOLE_*, MEM_TRIM. */
  async trim(by: string): Promise<Trimmed> {
    const { kernel, pause } = this.#vm.running(['running']);
    if (pause.paused) throw refusal('STATE_WRONG', 'mem-trim', 'the guest is paused', 'resume it first');
    const trimmed = await trimMemory(kernel);
    const { before, after } = trimmed;
    this.#vm.events.publish('trimmed', `asked by ${by}: ${before} → ${after} bytes`, { before, after });
    return trimmed;
  }

  /**
   * Does one line, after all that the same connection has asked for before. Errors: STATE_*, MCONSOLE_*.
   *
   * @param connection aborted when the client has disconnected
   */
  command(line: string, by: string, peer: SharePeer, connection: AbortSignal): Promise<MconsoleReply> {
    const before = this.#last.get(connection) ?? Promise.resolve();
    const answer = before.then(async () => {
      if (connection.aborted) throw refusal('MCONSOLE_COMMAND', line, 'the client has disconnected');
      const { text, truncated } = await this.#do(line, by, peer);
      const clipped = clipText(text, UMLMON_REPLY_MAX);
      return { text: clipped, truncated: truncated || clipped !== text };
    });
    // The caller gets the error; the next command of the connection only waits.
    this.#last.set(
      connection,
      answer.catch(() => undefined),
    );
    return answer;
  }

  async #do(line: string, by: string, peer: SharePeer): Promise<MconsoleReply> {
    const command = parseMconsoleLine(line);
    if ('cause' in command) throw refusal('MCONSOLE_COMMAND', line, command.cause, command.hint);
    const { kernel } = this.#vm.running();
    const special = await this.#byState(command, by);
    if (special !== undefined) return { text: special, truncated: false };
    this.#refuseConsoles(command);
    if (command.word === 'config' && command.argument === 'mem')
      // The kernel answers with an address (physmem.c).
      return { text: String(kernel.plan.mem), truncated: false };
    const sent = mconsoleLine(command);
    if (!isQuestion(command)) {
      const shown = printable(sent.trimEnd(), monitorLimits.mconsoleShown);
      this.#vm.events.publish('mconsole', `${by}: ${shown}`, { by, command: shown });
    }
    if (command.word !== 'sysrq' && command.word !== 'stack') return kernel.ask(sent, peer);
    return printedBy(this.#vm.channels.find('con0'), () => kernel.ask(sent, peer));
  }

  /** The answer of a command that the VM does itself; undefined for all others. */
  async #byState({ word, argument }: MconsoleCommand, by: string): Promise<string | undefined> {
    switch (word === 'sysrq' ? (sysrqWords[argument] ?? word) : word) {
      case 'halt':
        return (await this.#vm.stop(by, 0, 'halt')).summary;
      case 'reboot':
        await this.#vm.stop(by, 0, 'halt');
        return (await this.#vm.start(by)).summary;
      case 'stop':
        await this.pause(by);
        return 'stopped';
      case 'go':
        await this.resume(by);
        return '';
      case 'cad':
        await this.ctrlAltDel(by);
        return '';
      default:
        return undefined;
    }
  }

  /** Consoles that the monitor has opened are its own: another channel in their place would be lost to their viewers. */
  #refuseConsoles(command: MconsoleCommand): void {
    const name = channelIn(command.argument);
    const isChange = command.word === 'remove' || (command.word === 'config' && !isQuestion(command));
    if (!isChange || !name || !this.#vm.channels.find(name)) return;
    const hint = 'change the configuration, see umlmon(5), and start the VM again';
    throw refusal('MCONSOLE_COMMAND', mconsoleLine(command), `${name} is a console of the monitor`, hint);
  }
}

/** The channel that a device string starts with: the kernel reads its number in any base (simple_strtoul). */
function channelIn(text: string): string | undefined {
  const [, kind, digits = ''] = /^(con|ssl)(0[xX][0-9a-fA-F]+|\d+)/.exec(text) ?? [];
  if (kind === undefined) return undefined;
  const octal = /^0[0-7]+/.exec(digits)?.[0];
  return `${kind}${octal ? Number.parseInt(octal, 8) : Number(digits)}`;
}

/** Letters that end the guest at once (drivers/tty/sysrq.c). */
const sysrqWords: Readonly<Record<string, 'halt' | 'reboot'>> = { o: 'halt', b: 'reboot' };

function refusal(
  code: 'MCONSOLE_COMMAND' | 'STATE_WRONG',
  line: string,
  cause: string,
  hint = '',
): UmlmonError {
  return new UmlmonError(code, {
    place: `mconsole ${printable(line, 60)}`,
    cause: printable(cause, 500),
    hint,
  });
}
