/**
 * Viewers of con1 in a process of their own: `crowd.mjs SOCKET READING IDLE`. Those who read do so as fast as they can;
 * the idle ones ask once and never again. Prints `ready`, and lives until its standard input ends.
 */
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';

const [path = '', reading = '0', idle = '0'] = process.argv.slice(2);
const waitMs = 60_000;
const max = 65_536;

async function view(reads: boolean): Promise<void> {
  const client = await MonitorClient.connect(path, 'crowd');
  const { id, next } = await client.call('consoleAttach', { channel: 'con1', columns: 0, rows: 0 });
  const follow = async () => {
    let offset = next;
    do {
      const piece = await client.call('consoleRead', { id, offset, max, waitMs });
      offset = piece.offset + piece.data.length;
    } while (reads);
  };
  // Ends with the process, or with the monitor.
  follow().catch(() => undefined);
}

for (let i = 0; i < Number(reading); i++) await view(true);
for (let i = 0; i < Number(idle); i++) await view(false);
console.log('ready');
process.stdin.resume().on('end', () => process.exit(0));
