import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { program, testImage, type World } from '../../helpers/programs/world.ts';
import { type Figure, inTurns, median, milliseconds } from '../figure.ts';

const rounds = 15;

/** What a VM of its own costs a command: from the shell's start of umlrun to its end, with nothing left. */
export async function measureRun(world: World): Promise<Figure[]> {
  world.configure({});
  const time = async (command: string, args: readonly string[]): Promise<number> => {
    const began = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const [status] = await once(child, 'exit');
    if (status !== 0) throw new Error(`${command} ended with ${status}`);
    return (performance.now() - began) / 1000;
  };
  const own = ['-config', world.configPath, '-image', testImage(), '--'];
  // The first run calibrates.
  await time(program('umlrun'), [...own, 'true']);
  const { baseline, subject } = await inTurns(
    rounds,
    () => time('busybox', ['true']),
    () => time(program('umlrun'), [...own, 'true']),
  );
  const [bare, inVm] = [median(baseline), median(subject)];
  return [
    {
      name: 'umlrun -- true, against true',
      baseline: milliseconds(bare),
      subject: milliseconds(inVm),
      value: (inVm - bare) * 1000,
      unit: 'ms',
      budget: { atMost: 150 },
    },
  ];
}
