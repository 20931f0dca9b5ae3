import { cpSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostPrograms } from '../../../src/jail/host/host-support.ts';
import { launchEnvironment } from '../../../src/jail/sandbox/sandbox.ts';
import { resolveLibraries } from '../../../src/kernel/libraries.ts';
import { testKernelDirectory } from '../../helpers/guest/kernel.ts';
import { testImage, type World } from '../../helpers/programs/world.ts';
import { type Figure, inTurns, median, milliseconds } from '../figure.ts';
import type { Pair } from '../pair.ts';

const rounds = 3;

/**
 * The same guest, started as the manual page of Debian's kernel says, and until the same message. Its libraries are
 * laid over those of the host, which may be too old for it.
 */
export async function measureAgainstDebian(pair: Pair, world: World): Promise<Figure[]> {
  const kernel = testKernelDirectory();
  const home = join(world.home, 'debian');
  mkdirSync(home);
  const image = join(home, 'root.img');
  const notify = join(home, 'notify');
  const { interpreter, libraries } = resolveLibraries(join(kernel, 'linux'), join(kernel, 'lib'));
  const loader = interpreter && realpathSync(interpreter.jailPath);
  const over = loader
    ? [
        ...['--ro-bind', interpreter.hostPath, loader],
        ...libraries.flatMap(({ name, hostPath }) => ['--ro-bind', hostPath, join(dirname(loader), name)]),
      ]
    : [];
  const linux = ['mem=128M', `ubd0=${image}`, 'root=/dev/ubda', `mconsole=notify:${notify}`];
  const argv = [
    hostPrograms().bwrap,
    '--unshare-pid',
    '--dev-bind',
    '/',
    '/',
    ...over,
    '--',
    join(kernel, 'linux'),
    ...linux,
  ];
  const con0 = 'slave con0';
  const { baseline, subject } = await inTurns(
    rounds,
    async () => {
      cpSync(testImage(), image);
      const env = { ...launchEnvironment, HOME: home };
      const fds = [0, 1, 2].map((fd) => [fd, con0] as const);
      const seconds = await pair.floor.start({ argv, env, cwd: home, notify, fds });
      await pair.floor.end();
      return seconds;
    },
    async () => {
      const seconds = await pair.startWatched();
      await pair.endWatched();
      return seconds;
    },
  );
  const [debian, watched] = [median(baseline), median(subject)];
  return [
    {
      name: 'start to booted, against plain linux.uml',
      baseline: milliseconds(debian),
      subject: milliseconds(watched),
      value: debian / watched,
      unit: 'x',
      budget: { atLeast: 10 },
    },
  ];
}
