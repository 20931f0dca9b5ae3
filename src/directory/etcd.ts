import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { EtcdEndpoint } from '../config/keys/directory-keys.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { directoryLimits } from '../system/limits/limits.ts';

/** JSON of etcd: zero fields are omitted, 64-bit integers are strings, keys and values are base64. */
export type EtcdJson = { readonly [field: string]: unknown };

/**
 * A client of the JSON gateway of an etcd cluster (etcd documentation, "gRPC gateway"; 3.4 and later). It uses one
 * member and switches to the next one after a failure.
 */
export class Etcd {
  readonly #endpoints: readonly EtcdEndpoint[];
  /** Milliseconds for one request. */
  readonly #timeMs: number;
  readonly #agents = { 'http:': new Agent({ keepAlive: true }), 'https:': new TlsAgent({ keepAlive: true }) };
  #at = 0;

  constructor(endpoints: readonly EtcdEndpoint[], timeMs: number = directoryLimits.etcdTime) {
    this.#endpoints = endpoints;
    this.#timeMs = timeMs;
  }

  /** One call; `path` is below /v3. Errors: ETCD_FAILED, or the reason of `signal`. */
  async call(path: string, body: EtcdJson, signal: AbortSignal): Promise<EtcdJson> {
    let answer: EtcdJson | undefined;
    const onLine = (line: EtcdJson) => {
      answer = line;
    };
    await this.#post(path, body, signal, onLine, this.#timeMs);
    if (answer) return answer;
    throw this.#failure(path, 'the answer is empty');
  }

  /** Calls `onLine` with each result of a stream. Never resolves. Errors: as for `call`. */
  async stream(
    path: string,
    body: EtcdJson,
    signal: AbortSignal,
    onLine: (result: EtcdJson) => void,
  ): Promise<never> {
    await this.#post(path, body, signal, (line) => onLine(objectOf(line.result)));
    throw this.#failure(path, 'the stream has ended');
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #post(
    path: string,
    body: EtcdJson,
    signal: AbortSignal,
    onLine: (line: EtcdJson) => void,
    timeMs = 0,
  ): Promise<void> {
    try {
      const sent = this.#request(path, signal);
      sent.setTimeout(timeMs, () => sent.destroy(new Error(`no answer within ${timeMs} ms`)));
      await exchange(sent, JSON.stringify(body), onLine);
    } catch (error) {
      this.#at = (this.#at + 1) % this.#endpoints.length;
      signal.throwIfAborted();
      throw this.#failure(path, error instanceof Error ? error.message : String(error));
    }
  }

  #request(path: string, signal: AbortSignal): ClientRequest {
    const endpoint = this.#endpoint;
    const send = endpoint.protocol === 'https:' ? tlsRequest : request;
    return send({
      ...endpoint,
      signal,
      agent: this.#agents[endpoint.protocol],
      path: `/v3/${path}`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
  }

  get #endpoint(): EtcdEndpoint {
    const endpoint = this.#endpoints[this.#at];
    if (!endpoint) throw new Error('no etcd is configured');
    return endpoint;
  }

  #failure(path: string, words: string): UmlmonError {
    const place = `etcd ${this.#endpoints.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
    return new UmlmonError('ETCD_FAILED', { place, cause: `${path}: ${words}` });
  }
}

/** Sends a request; resolves at the end of the answer. Each line of the answer is one JSON value. */
function exchange(sent: ClientRequest, body: string, onLine: (line: EtcdJson) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (answer) => {
      readLines(answer, onLine).then(resolve, (error: unknown) => {
        answer.destroy();
        reject(error);
      });
    });
    sent.end(body);
  });
}

async function readLines(answer: IncomingMessage, onLine: (line: EtcdJson) => void): Promise<void> {
  const pieces: Buffer[] = [];
  let length = 0;
  const finish = () => {
    const text = Buffer.concat(pieces).toString('utf8').trim();
    pieces.length = 0;
    length = 0;
    if (text === '') return;
    const line = objectOf(JSON.parse(text));
    if (answer.statusCode !== 200 || line.error !== undefined) throw new Error(errorWords(line, answer));
    onLine(line);
  };
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      pieces.push(chunk.subarray(from, end));
      from = end + 1;
      finish();
    }
    pieces.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > directoryLimits.etcdReplyBytes) throw new Error(`the answer has more than ${length} bytes`);
  }
  finish();
}

function errorWords(line: EtcdJson, { statusCode }: IncomingMessage): string {
  const { message } = objectOf(line.error);
  return String(message ?? line.message ?? line.error ?? `HTTP status ${statusCode}`).slice(0, 500);
}

/** The value if it is a JSON object, else an empty object. */
export function objectOf(value: unknown): EtcdJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as EtcdJson) : {};
}

/** The value if it is a JSON array, else an empty array. */
export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

export function fromBase64(value: unknown): string {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
}
