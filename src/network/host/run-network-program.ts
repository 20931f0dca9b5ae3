import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { toolEnvironment } from '../../system/environment.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';

export interface HostCommand {
  /** Absolute path of ip(8), bridge(8) or nft(8). */
  readonly program: string;
  readonly args: readonly string[];
  /** Its standard input. */
  readonly input?: string;
  /** The descriptor of the turn (network-record.ts), which the program inherits. */
  readonly turn?: number;
}

/**
 * Runs a program that looks at the network of the host or changes it, beside everything else that this process does.
 *
 * @returns what it has printed, at most `outputBytes`
 * @throws UmlmonError NETWORK_COMMAND if it fails, takes longer than `commandTime` or prints more
 */
export function runHostCommand({ program, args, input = '', turn }: HostCommand): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe', ...(turn === undefined ? [] : [turn])],
      env: toolEnvironment,
      cwd: '/',
      timeout: networkLimits.commandTime,
      killSignal: 'SIGKILL',
    });
    const output: Buffer[] = [];
    const words: Buffer[] = [];
    let bytes = 0;
    const take = (into: Buffer[]) => (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= networkLimits.outputBytes) into.push(piece);
      else child.kill('SIGKILL');
    };
    child.stdout?.on('data', take(output));
    child.stderr?.on('data', take(words));
    child.stdin
      ?.on('error', () => {
        // EPIPE: a program that does not read its input says why on its way out.
      })
      .end(input);
    const fail = (cause: string) =>
      reject(
        new UmlmonError('NETWORK_COMMAND', {
          place: `${basename(program)} ${args.join(' ')}`,
          cause: printable(cause.trim().replaceAll('\n', '; '), 500),
        }),
      );
    child.once('error', (error) => fail(error.message));
    child.once('close', (status, signal) => {
      if (status === 0) return resolve(Buffer.concat(output).toString('utf8'));
      if (bytes > networkLimits.outputBytes)
        return fail(`its answer is longer than ${networkLimits.outputBytes} bytes`);
      const said = Buffer.concat(words).toString('utf8');
      fail(said || (signal ? `it was ended by ${signal}` : `it failed with status ${status}`));
    });
  });
}
