import headless, { type IBuffer, type Terminal } from '@xterm/headless';
import type { Size } from '../../../src/console/pty.ts';
import { cellAt, coreOf, type ScreenCell } from '../../../src/console/screen/xterm-core.ts';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';

/** How long a program may take to show something; one that does not is a failure, not a slow machine. */
const patienceMs = 30_000;
const most = 65_536;
const history = 1000;

/** A viewer of a console, with a terminal that shows its output. */
export class ScreenViewer {
  readonly terminal: Terminal;
  readonly #client: MonitorClient;
  readonly #id: number;
  readonly #channel: string;
  /** Of the first byte that the terminal was not given. */
  #offset: number;
  /** The replies that the terminal sends by itself. */
  #answers = '';

  /** A viewer from the start: the terminal gets every byte of the console. */
  static async fromStart(client: MonitorClient, channel: string, size: Size): Promise<ScreenViewer> {
    const { id, oldest } = await client.call('consoleAttach', { channel, ...size });
    if (oldest > 0) throw new Error(`the first ${oldest} bytes of ${channel} are gone`);
    return new ScreenViewer(client, { id, channel, offset: 0, size });
  }

  /** A viewer that attaches now: the terminal starts with the screen that the monitor sends. */
  static async late(client: MonitorClient, channel: string): Promise<ScreenViewer> {
    const { id } = await client.call('consoleAttach', { channel, columns: 0, rows: 0 });
    const { offset, data, ...size } = await client.call('consoleReplay', { channel, history });
    const viewer = new ScreenViewer(client, { id, channel, offset, size });
    await viewer.#show(data);
    return viewer;
  }

  private constructor(
    client: MonitorClient,
    { id, channel, offset, size }: { id: number; channel: string; offset: number; size: Size },
  ) {
    this.#client = client;
    this.#id = id;
    this.#channel = channel;
    this.#offset = offset;
    const { columns: cols, rows } = size;
    this.terminal = new headless.Terminal({ cols, rows, scrollback: history, allowProposedApi: true });
    this.terminal.onData((text) => {
      this.#answers += text;
    });
  }

  get offset(): number {
    return this.#offset;
  }

  /** Types, and from now on answers for the terminal. */
  async type(text: string): Promise<void> {
    await this.#client.call('consoleWrite', { id: this.#id, data: Buffer.from(text) });
  }

  /** Shows the output up to this offset, and not a byte more. */
  async readTo(offset: number): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (this.#offset < offset) {
      if (Date.now() > deadline) throw new Error(`no byte ${offset}, but ${this.#offset}`);
      await this.#read(offset - this.#offset);
    }
  }

  /** Shows output, and answers for the terminal, until the screen's text matches and the terminal is as it should be. */
  async until(pattern: RegExp, also: (terminal: Terminal) => boolean = () => true): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!(pattern.test(this.text()) && also(this.terminal))) {
      if (Date.now() > deadline) throw new Error(`no ${pattern} on the screen:\n${this.text()}`);
      await this.#read(most);
      if (this.#answers !== '') await this.type(this.#answers);
      this.#answers = '';
    }
  }

  /** Shows output until these bytes were among it. */
  async untilBytes(bytes: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    for (let text = ''; !text.includes(bytes); ) {
      if (Date.now() > deadline) throw new Error(`no ${JSON.stringify(bytes)} in ${JSON.stringify(text)}`);
      text = text.slice(1 - bytes.length) + (await this.#read(most));
    }
  }

  /** The window of the guest and of this terminal. */
  async resize({ columns, rows }: Size): Promise<void> {
    await this.#client.call('consoleResize', { id: this.#id, columns, rows });
    this.terminal.resize(columns, rows);
  }

  /** The text of the screen, without the empty part at its end. */
  text(): string {
    const { active } = this.terminal.buffer;
    const rows = Array.from({ length: this.terminal.rows }, (_, row) => active.getLine(active.baseY + row));
    return rows
      .map((line) => line?.translateToString(true) ?? '')
      .join('\n')
      .trimEnd();
  }

  /** All that is on the terminal and before it, cell by cell, and how it takes what comes next. */
  look(): string[] {
    const { terminal } = this;
    const { normal, alternate, active } = terminal.buffer;
    const { buffers, coreService, coreMouseService } = coreOf(terminal);
    const { scrollTop, scrollBottom, tabs } = active.type === 'normal' ? buffers.normal : buffers.alt;
    const columns = Array.from({ length: terminal.cols }, (_, column) => column);
    const stops = columns.filter((column) => tabs[column]);
    return [
      ...linesOf(normal, terminal),
      ...(active.type === 'alternate' ? linesOf(alternate, terminal) : []),
      `${active.type}, cursor ${active.cursorX},${active.cursorY}${coreService.isCursorHidden ? ' hidden' : ''}`,
      `margins ${scrollTop},${scrollBottom}, tabs ${stops}`,
      JSON.stringify({ ...terminal.modes, mouseEncoding: coreMouseService.activeEncoding }),
      JSON.stringify(coreService.decPrivateModes),
    ];
  }

  close(): void {
    this.#client.close();
    this.terminal.dispose();
  }

  async #read(max: number): Promise<string> {
    const request = { id: this.#id, offset: this.#offset, max: Math.min(max, most), waitMs: 1000 };
    const { offset, data } = await this.#client.call('consoleRead', request);
    if (offset !== this.#offset)
      throw new Error(`${offset - this.#offset} bytes of ${this.#channel} were missed`);
    await this.#show(data);
    this.#offset += data.length;
    return Buffer.from(data).toString('latin1');
  }

  #show(data: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.terminal.write(data, resolve));
  }
}

/** Each line with the look of its cells, where that changes, and whether it goes on from the one before. */
function linesOf(buffer: IBuffer, { rows, cols }: Terminal): string[] {
  return Array.from({ length: buffer.baseY + rows }, (_, row) => {
    let before = '';
    const cells = Array.from({ length: cols }, (_cell, column) => {
      const cell = cellAt(buffer, row, column);
      const look = cell ? lookOf(cell) : 'missing';
      // A cell that was erased is a blank.
      const text = cell?.getChars() || (cell?.getWidth() === 0 ? '' : ' ');
      const shown = `${look === before ? '' : `{${look}}`}${text}`;
      before = look;
      return shown;
    });
    return `${buffer.type} ${row}${buffer.getLine(row)?.isWrapped ? ' wrapped' : ''}: ${cells.join('|')}`;
  });
}

function lookOf(cell: ScreenCell): string {
  const attributes = [
    cell.isBold(),
    cell.isDim(),
    cell.isItalic(),
    cell.isUnderline(),
    cell.isBlink(),
    cell.isInverse(),
    cell.isInvisible(),
    cell.isStrikethrough(),
    cell.isOverline(),
  ];
  const colours = [cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(), cell.getBgColor()];
  const line = cell.hasExtendedAttrs() ? [cell.getUnderlineStyle(), cell.extended.underlineColor] : [];
  return [cell.getWidth(), attributes.map(Number).join(''), ...colours, ...line].join(' ');
}
