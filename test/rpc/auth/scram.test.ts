import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  beginClient,
  beginServer,
  finishClient,
  finishServer,
  readChallenge,
  ScramError,
  saltPassword,
  verifierOf,
} from '../../../src/rpc/auth/scram.ts';

const derivation = { salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), iterations: 4096 };
const salted = await saltPassword('pencil', derivation);
const verifier = verifierOf(salted);

/** A whole exchange between the two; the binding of each end is its own. */
function exchange(ends: { client: Buffer | null; server: Buffer | null }, with_ = salted) {
  const client = beginClient('vm1', randomBytes(18).toString('base64'), ends.client);
  const nonce = randomBytes(18).toString('base64');
  const server = beginServer(client.message, { nonce, derivation, binding: ends.server });
  readChallenge(client, server.message);
  const final = finishClient(client, server.message, with_);
  return { server, final, known: finishServer(server, final.message, [verifier]) };
}

describe('SCRAM-SHA-256', () => {
  test('is the exchange of RFC 7677 section 3', () => {
    const client = beginClient('user', 'rOprNGfwEbeRWgbNEkqO', null);
    expect(client.message).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
    const nonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const server = beginServer(client.message, { nonce, derivation, binding: null });
    expect(server.message).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    );
    expect(readChallenge(client, server.message)).toEqual(derivation);
    const { message, expected } = finishClient(client, server.message, salted);
    expect(message).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    );
    expect(expected).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
    expect(finishServer(server, message, [verifier])).toEqual([{ verifier, message: expected }]);
  });

  test('a proof for one connection is invalid for another', () => {
    const binding = randomBytes(32);
    expect(exchange({ client: binding, server: binding }).known).toHaveLength(1);
    expect(() => exchange({ client: binding, server: randomBytes(32) })).toThrow(ScramError);
  });

  test('a man in the middle cannot make client and server drop the channel binding', () => {
    const binding = randomBytes(32);
    expect(() => exchange({ client: null, server: binding })).toThrow(ScramError);
    expect(() => exchange({ client: binding, server: null })).toThrow(ScramError);
  });

  test('a recorded exchange is invalid with another nonce', () => {
    const { final } = exchange({ client: null, server: null });
    const client = beginClient('vm1', 'abcdefghijklmnopqrst', null);
    const server = beginServer(client.message, { nonce: 'another', derivation, binding: null });
    expect(() => finishServer(server, final.message, [verifier])).toThrow(ScramError);
  });

  test('another password is known to no verifier', async () => {
    const wrong = await saltPassword('pencil2', derivation);
    expect(exchange({ client: null, server: null }, wrong).known).toEqual([]);
  });

  test('a challenge that makes guessing easy, or keeps the client busy, is not answered', () => {
    const client = beginClient('vm1', 'abcdefghijklmnopqrst', null);
    for (const count of ['1', '4095', '1000001', '999999999'])
      expect(() => readChallenge(client, `r=abcdefghijklmnopqrstX,s=QUJD,i=${count}`)).toThrow(ScramError);
    expect(() => readChallenge(client, 'r=abcdefghijklmnopqrst,s=QUJD,i=4096')).toThrow(ScramError);
    expect(() => readChallenge(client, 'r=somebodyelse,s=QUJD,i=4096')).toThrow(ScramError);
  });

  test('any message of an unauthenticated client is refused or is a new exchange', () => {
    const server = beginServer('n,,n=,r=abcdefghijklmnopqrst', { nonce: 'n', derivation, binding: null });
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(() => finishServer(server, text, [verifier])).toThrow(ScramError);
        try {
          beginServer(text, { nonce: 'n', derivation, binding: null });
        } catch (error) {
          expect(error).toBeInstanceOf(ScramError);
        }
      }),
    );
  });
});
