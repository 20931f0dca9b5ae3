import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { launchEnvironment } from '../../src/jail/sandbox/sandbox.ts';
import { seccompFilter } from '../../src/jail/sandbox/seccomp.ts';
import type { Descriptor, LaunchPlan, StepOf } from '../../src/plan/plan.ts';
import type { MonitorClient } from '../../src/rpc/client/monitor-client.ts';
import type { World } from '../helpers/programs/world.ts';
import { Floor, type FloorStart } from './guests/floor.ts';

/** The monitor learns the kernel's delay loop calibration a second after a boot. */
const learningMs = 2000;
/** Both kernels on the same core: with `cpu = auto` a busy host could give them different ones. */
const settings = 'ubd0 = /disks/root.dsk\ncon1 = pty\ncpu = 0\n';

/**
 * Two VMs that differ in nothing but their names: `watched` has a monitor, `bare` is run by the floor from the launch
 * plan that its monitor would execute.
 */
export class Pair {
  readonly floor = new Floor();
  readonly client: MonitorClient;
  readonly #events: MonitorClient;
  readonly #world: World;
  readonly #plan: LaunchPlan;

  static async open(world: World): Promise<Pair> {
    world.configure({ watched: settings, bare: settings });
    for (const vm of ['watched', 'bare']) world.addImage(vm);
    await world.startMonitor('watched');
    // Makes the directories of its VM, and leaves.
    const maker = await world.startMonitor('bare');
    maker.kill('SIGTERM');
    await once(maker, 'exit');
    const [client, events] = [await world.client('watched'), await world.client('watched')];
    await client.call('start', undefined);
    await delay(learningMs);
    await client.call('kill', undefined);
    const { status, stdout, stderr } = world.run('umlmon', ['-plan', 'bare', '-json']);
    if (status !== 0) throw new Error(`umlmon -plan: ${stderr}`);
    return new Pair(world, client, events, JSON.parse(stdout) as LaunchPlan);
  }

  private constructor(world: World, client: MonitorClient, events: MonitorClient, plan: LaunchPlan) {
    this.#world = world;
    this.client = client;
    this.#events = events;
    this.#plan = plan;
  }

  /** Seconds from the call to the monitor until its event says that the guest is booted. */
  async startWatched(): Promise<number> {
    // A killed guest has left a journal to replay.
    this.#world.addImage('watched');
    let since = (await this.client.call('info', undefined)).eventsNext;
    const began = performance.now();
    const started = this.client.call('start', undefined);
    for (let booted = false; !booted; ) {
      const { events, next } = await this.#events.call('events', { since, max: 64, waitMs: 10_000 });
      booted = events.some(({ kind, text }) => kind === 'guest-message' && text === 'booted');
      since = next;
      if (events.length === 0) throw new Error('the guest does not boot');
    }
    const seconds = (performance.now() - began) / 1000;
    await started;
    return seconds;
  }

  async endWatched(): Promise<void> {
    await this.client.call('kill', undefined);
  }

  /** The same without a monitor. */
  startBare(): Promise<number> {
    this.#world.addImage('bare');
    const home = join(this.#world.varDir, 'bare');
    rmSync(join(home, 'run/uml/bare'), { recursive: true, force: true });
    const launch = this.#plan.steps.find((step): step is StepOf<'launch'> => step.do === 'launch');
    if (!launch) throw new Error('the plan launches nothing');
    const files = {
      status: join(this.#world.home, 'bare.status'),
      seccomp: join(this.#world.home, 'bare.seccomp'),
      'vm-lock': join(this.#world.home, 'bare.lock'),
      'image-holder': join(this.#world.home, 'bare.holder'),
      gate: '/dev/null',
      passed: '/dev/null',
      'backing-lock': '/dev/null',
      'image-lock': join(this.#world.varDir, 'bare/jail/disks/root.dsk'),
      'image-bind': '/dev/null',
      copy: '/dev/null',
    };
    writeFileSync(files.seccomp, seccompFilter(launch.filter));
    const source = (descriptor: Descriptor) =>
      'channel' in descriptor ? `${descriptor.is} ${descriptor.channel}` : files[descriptor.is];
    const request: FloorStart = {
      argv: launch.argv,
      env: launchEnvironment,
      cwd: home,
      notify: join(home, 'run/mon/notify'),
      fds: launch.descriptors.map((descriptor) => [descriptor.fd, source(descriptor)]),
    };
    return this.floor.start(request);
  }

  endBare(): Promise<void> {
    return this.floor.end();
  }

  async close(): Promise<void> {
    this.client.close();
    this.#events.close();
    await this.floor.close();
  }
}
