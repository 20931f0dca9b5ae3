/** umlrun in a terminal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Pty } from '../../src/console/pty.ts';
import { program } from '../helpers/programs/world.ts';
import { expectNothingLeft, world } from './umlrun-world.ts';

test('in a terminal: its size, keys, and CTRL-C', async () => {
  const pty = Pty.open({ columns: 97, rows: 31 });
  let screen = '';
  pty.start({ data: (bytes) => (screen += bytes.toString()), failed: () => undefined });
  const shows = async (text: string) => {
    while (!screen.includes(text)) {
      if (child.exitCode !== null) throw new Error(`ended: ${screen}`);
      await delay(20);
    }
  };
  const script =
    'stty size; read -r line; until [ "$(stty size)" = "50 120" ]; do usleep 20000; done; echo "<$line>"; stty size; sleep 1000';
  const args = ['-c', '-w', program('umlrun'), '-config', world.configPath, '--', 'sh', '-c', script];
  const child = spawn('setsid', args, { stdio: [pty.slave, pty.slave, pty.slave] });
  try {
    await shows('31 97\r\n');
    pty.resize({ columns: 120, rows: 50 });
    pty.write(Buffer.from('typed\r'));
    await shows('<typed>\r\n50 120\r\n');
    const ended = once(child, 'exit');
    pty.write(Buffer.of(3));
    expect((await ended)[0]).toBe(130);
    expectNothingLeft();
  } finally {
    pty.close();
  }
});

test('in a terminal that reports 0 x 0, as one of docker run -t may: 80 x 24', async () => {
  const pty = Pty.open({ columns: 0, rows: 0 });
  let screen = '';
  pty.start({ data: (bytes) => (screen += bytes.toString()), failed: () => undefined });
  const args = ['-c', '-w', program('umlrun'), '-config', world.configPath, '--', 'stty', 'size'];
  const child = spawn('setsid', args, { stdio: [pty.slave, pty.slave, pty.slave] });
  try {
    expect((await once(child, 'exit'))[0]).toBe(0);
    pty.drain();
    expect(screen).toContain('24 80\r\n');
  } finally {
    pty.close();
  }
});
