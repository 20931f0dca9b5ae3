import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { safeHeaders } from './answer.ts';

interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
}

/** The files of the pages, and no others: what is asked for is looked up here, never on a disk. */
const files = {
  'app.js': { file: 'umlweb-page.js', type: 'text/javascript; charset=utf-8' },
  'app.css': { file: 'umlweb-page.css', type: 'text/css; charset=utf-8' },
  'icon.svg': { file: 'umlweb-page.svg', type: 'image/svg+xml' },
} as const;

/** The page itself and its files, read once from the directory of the program. */
export class Assets {
  readonly #byName: ReadonlyMap<string, Asset>;
  readonly #page: string;

  constructor(directory: string) {
    this.#page = readFileSync(join(directory, 'umlweb-page.html'), 'utf8');
    this.#byName = new Map(
      Object.entries(files).map(([name, { file, type }]) => {
        const body = readFileSync(join(directory, file));
        const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
        return [name, { type, body, zipped: gzipSync(body, { level: 9 }), etag }];
      }),
    );
  }

  has(name: string): boolean {
    return name === '' || this.#byName.has(name);
  }

  /** @param nonce in the page, for the styles that its terminal makes */
  send(name: string, nonce: string, request: IncomingMessage, response: ServerResponse): void {
    const asset = this.#byName.get(name);
    if (!asset) {
      const type = 'text/html; charset=utf-8';
      response.writeHead(200, { ...safeHeaders(nonce), 'Content-Type': type });
      response.end(request.method === 'HEAD' ? undefined : this.#page.replace('NONCE', nonce));
      return;
    }
    const headers = {
      ...safeHeaders(),
      'Cache-Control': 'no-cache',
      ETag: asset.etag,
      Vary: 'Accept-Encoding',
    };
    if (request.headers['if-none-match'] === asset.etag) {
      response.writeHead(304, headers).end();
      return;
    }
    const isZipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    const body = isZipped ? asset.zipped : asset.body;
    response.writeHead(200, {
      ...headers,
      'Content-Type': asset.type,
      'Content-Length': body.length,
      ...(isZipped ? { 'Content-Encoding': 'gzip' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}
