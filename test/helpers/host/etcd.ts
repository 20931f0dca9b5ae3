import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Etcd } from '../../../src/directory/etcd.ts';
import { freePort, until } from '../programs/umldir.ts';

/** A real etcd of one member. */
export class TestEtcd {
  readonly port: number;
  readonly #peerPort: number;
  readonly #address: string;
  readonly #within: readonly string[];
  readonly #data = mkdtempSync(join(tmpdir(), 'umlmon-etcd-'));
  #child: ChildProcess | undefined;

  static async start(at: { address?: string; namespace?: string } = {}): Promise<TestEtcd> {
    const etcd = new TestEtcd(at, await freePort(), await freePort());
    await etcd.start();
    return etcd;
  }

  private constructor(at: { address?: string; namespace?: string }, port: number, peerPort: number) {
    this.port = port;
    this.#peerPort = peerPort;
    this.#address = at.address ?? '127.0.0.1';
    this.#within = at.namespace === undefined ? [] : ['ip', 'netns', 'exec', at.namespace];
  }

  /** Starts it, also again: it remembers. */
  async start(): Promise<void> {
    const client = `http://${this.#address}:${this.port}`;
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    const [command = '', ...args] = [...this.#within, 'etcd'];
    const options = {
      'data-dir': this.#data,
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `default=${peer}`,
    };
    const words = Object.entries(options).map(([name, value]) =>
      value ? `--${name}=${value}` : `--${name}`,
    );
    this.#child = spawn(command, [...args, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    this.#child.stderr?.on('data', (text: Buffer) => {
      log = (log + text.toString()).slice(-20_000);
    });
    await until('etcd serves', () => {
      if (this.#child?.exitCode !== null) throw new Error(log);
      return log.includes('serving') && log.includes('client requests');
    });
  }

  /** All keys below a prefix, read with etcd's own client. */
  async keys(): Promise<readonly string[]> {
    const etcd = new Etcd([{ protocol: 'http:', host: this.#address, port: this.port }]);
    const found = await etcd.call(
      'kv/range',
      { key: 'AA==', range_end: 'AA==', keys_only: true },
      new AbortController().signal,
    );
    etcd.close();
    const kvs = Array.isArray(found.kvs) ? (found.kvs as { key: string }[]) : [];
    return kvs.map(({ key }) => Buffer.from(key, 'base64').toString());
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#data, { recursive: true, force: true });
  }
}
