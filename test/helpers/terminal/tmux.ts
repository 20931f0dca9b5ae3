import '../tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TmuxOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Commands that the shell finds by name: name → text of a shell script. */
  readonly commands?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A real terminal (tmux, a server of its own) with a shell in it whose prompt is `$ `. */
export class Tmux {
  #runs = 0;
  readonly #directory = mkdtempSync(join(tmpdir(), 'umlmon-tmux-'));
  readonly #socket = join(this.#directory, 'socket');

  constructor({ columns = 80, rows = 24, commands = {}, env = {} }: TmuxOptions = {}) {
    for (const [name, text] of Object.entries(commands)) {
      writeFileSync(join(this.#directory, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(this.#directory, name), 0o755);
    }
    const variables = { ...env, PATH: `${this.#directory}:${process.env.PATH}`, PS1: '$ ', ENV: '' };
    const pairs = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const size = ['-x', `${columns}`, '-y', `${rows}`];
    // Without a client, a window keeps the size that it is given.
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, 'env', ...pairs, 'sh');
    this.#tmux('set-option', '-g', 'window-size', 'manual');
    this.#tmux('set-option', '-g', 'remain-on-exit', 'on');
  }

  /** Types text. */
  text(text: string): void {
    this.#tmux('send-keys', '-l', '--', text);
  }

  /** Types text, and then Enter. */
  line(text: string): void {
    this.text(text);
    this.keys('Enter');
  }

  /** Types a line to an empty screen: all later output on the screen follows it. */
  afresh(text: string): void {
    // Emptied by tmux itself, at once: a `clear` in the shell leaves the old screen until it has run.
    this.#tmux('send-keys', '-R');
    this.line(text);
  }

  /** Presses keys by the names that tmux has for them: `C-c`, `Up`, `Tab`. */
  keys(...names: readonly string[]): void {
    this.#tmux('send-keys', '--', ...names);
  }

  /** Gives text at once, as a paste does; `\n` arrives as Enter does. */
  paste(text: string): void {
    execFileSync('tmux', ['-S', this.#socket, 'load-buffer', '-'], { input: text });
    this.#tmux('paste-buffer');
  }

  /** The screen's lines, without the empty ones at the end. */
  lines(): string[] {
    return this.#tmux('capture-pane', '-p').trimEnd().split('\n');
  }

  screen(): string {
    return this.lines().join('\n');
  }

  /** Value of a format of tmux, as `#{cursor_flag}`. */
  value(format: string): string {
    return this.#tmux('display-message', '-p', format).trimEnd();
  }

  /** Process id of the command with this text in its arguments that runs in the terminal. */
  foreground(text: string): number {
    const tty = this.value('#{pane_tty}').replace('/dev/', '');
    const lines = execFileSync('ps', ['-o', 'pid=,stat=,args=', '-t', tty], { encoding: 'utf8' }).split('\n');
    const found = lines.filter((line) => /^ *\d+ \S*\+/.test(line) && line.includes(text));
    if (found.length !== 1) throw new Error(`not one process with ${text}: ${lines.join('\n')}`);
    return Number.parseInt(found[0] ?? '', 10);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** Waits until the screen is as it should be; the last one seen is part of the error. */
  async shows(wanted: string | RegExp | ((screen: string) => boolean)): Promise<string> {
    const isThere = (screen: string) => {
      if (typeof wanted === 'function') return wanted(screen);
      return typeof wanted === 'string' ? screen.includes(wanted) : wanted.test(screen);
    };
    for (let attempt = 0; attempt < 300; attempt++) {
      const screen = this.screen();
      if (isThere(screen)) return screen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the screen does not show ${wanted}:\n${this.screen()}`);
  }

  /** Types something until it has the wanted effect: a new size of the window may arrive after input that was typed later. */
  async repeat(type: () => void, wanted: RegExp): Promise<void> {
    let looks = 0;
    await this.shows((screen) => {
      const isThere = wanted.test(screen);
      if (!isThere && looks % 10 === 0) type();
      looks += 1;
      return isThere;
    });
  }

  /** Runs a command in the shell and returns its output, at most a screen. */
  async run(command: string): Promise<string> {
    // With a number, as the screen may still show the output of the previous command.
    this.#runs += 1;
    this.line(`status=$?; clear; (exit $status); ${command}; echo "<$? ${this.#runs}>"`);
    const screen = await this.shows(new RegExp(`^<\\d+ ${this.#runs}>\\n\\$`, 'm'));
    return screen.replace(/<\d+ \d+>\n.*$/s, '');
  }

  close(): void {
    this.#tmux('kill-server');
    rmSync(this.#directory, { recursive: true });
  }

  #tmux(...args: readonly string[]): string {
    const env = { ...process.env, TMUX: '', TERM: 'xterm-256color' };
    return execFileSync('tmux', ['-S', this.#socket, ...args], { encoding: 'utf8', env });
  }
}
