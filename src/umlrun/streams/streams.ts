import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Stream } from '../job.ts';

/** /dev/null, 1:3 (Documentation/admin-guide/devices.txt), in the encoding of makedev(3). */
const NULL_DEVICE = 0x103;

/**
 * The kinds of umlrun's standard descriptors. A terminal is not read if the output goes elsewhere. Its keys belong to the
 * reader of the output (`umlrun … | less`), or to the shell that runs umlrun in the background.
 */
export function ownStreams(): [Stream, Stream, Stream] {
  const [input, output, error] = [streamOf(0), streamOf(1), streamOf(2)];
  return [input === 'terminal' && output !== 'terminal' ? 'null' : input, output, error];
}

function streamOf(fd: number): Stream {
  if (isatty(fd)) return 'terminal';
  return fstatSync(fd).rdev === NULL_DEVICE ? 'null' : 'pipe';
}
