/** The client side of the redirector, for umlwatch and redirectors of other hosts. */
import { connect, type Socket } from 'node:net';
import { isErrorCode, UmlmonError } from '../../system/errors/errors.ts';
import { directoryLimits } from '../../system/limits/limits.ts';
import { placeText } from '../address.ts';
import { takeFirstRecord } from '../codec/first-record.ts';
import { beginRecord, sealRecord } from '../codec/record.ts';
import { type Codec, XdrReader } from '../codec/xdr.ts';
import {
  type Announcement,
  type AnnouncementAnswer,
  announcementAnswerCodec,
  announcementCodec,
  type DirFailure,
  type DirTarget,
  UMLREDIR_MAGIC,
} from '../umldir.gen.ts';
import { tcpOptions } from './tcp-options.ts';

export interface RedirectorAt {
  readonly host: string;
  readonly port: number;
}

/** The bytes of one record with a value. */
export function recordOf<T>(codec: Codec<T>, value: T): Buffer {
  const writer = beginRecord();
  codec.encode(writer, value);
  return sealRecord(writer);
}

/** The value of a record that contains nothing else. Throws XdrError. */
export function readRedirectorRecord<T>(codec: Codec<T>, record: Buffer): T {
  const reader = new XdrReader(record);
  const value = codec.decode(reader);
  reader.finish();
  return value;
}

/**
 * A connection to the monitor of a VM through a redirector. It is paused, and no byte of the monitor is read yet.
 *
 * @param options.last whether the VM must be on the host of the redirector
 * @param options.allowHalfOpen as net.connect has it
 * @throws UmlmonError REDIRECTOR_UNREACHABLE, or the failure of the redirector
 */
export async function connectRedirected(
  at: RedirectorAt,
  target: DirTarget,
  { last = false, allowHalfOpen = false }: { last?: boolean; allowHalfOpen?: boolean } = {},
): Promise<Socket> {
  const place = `redirector of ${placeText(at.host, at.port)}`;
  const socket = connect({ ...at, ...tcpOptions, allowHalfOpen });
  // Errors reject the pending record; later errors are left to the next user of the connection.
  const errors = () => undefined;
  socket.on('error', errors);
  const giveUp = new AbortController();
  const timer = setTimeout(
    () => giveUp.abort(new Error(`no answer within ${directoryLimits.announceTime} ms`)),
    directoryLimits.announceTime,
  );
  try {
    const announcement: Announcement = { magic: UMLREDIR_MAGIC, target, last };
    socket.write(recordOf(announcementCodec, announcement));
    const answer = readRedirectorRecord(
      announcementAnswerCodec,
      await takeFirstRecord(socket, directoryLimits.announceAnswerBytes, giveUp.signal),
    );
    if (answer.kind === 'failed') throw errorOfDirectory(answer.why);
    return socket;
  } catch (error) {
    socket.destroy();
    if (error instanceof UmlmonError) throw error;
    throw new UmlmonError('REDIRECTOR_UNREACHABLE', {
      place,
      cause: `cannot connect to the redirector: ${wordsOf(error)}`,
      hint: `check tcp_redir = true on ${at.host}, and that the port is open`,
    });
  } finally {
    clearTimeout(timer);
    socket.off('error', errors);
  }
}

export function answerRecord(answer: AnnouncementAnswer): Buffer {
  return recordOf(announcementAnswerCodec, answer);
}

/** A failure from a directory server or redirector as an error; an unknown code becomes part of the cause. */
export function errorOfDirectory({ code, place, cause, hint }: DirFailure): UmlmonError {
  if (isErrorCode(code)) return new UmlmonError(code, { place, cause, hint });
  return new UmlmonError('INTERNAL', { place, cause: `${code}: ${cause}`, hint });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
