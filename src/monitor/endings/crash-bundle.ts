import { basename, join } from 'node:path';
import type { VmConfig } from '../../config/config.ts';
import type { Screens } from '../../console/screen/screens.ts';
import type { VmLayout } from '../../jail/layout.ts';
import type { CrashBytes, CrashList, CrashReadArgs, ExitRecord } from '../../rpc/umlmonctrl.gen.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { consoleLimits, monitorLimits } from '../../system/limits/limits.ts';
import { version } from '../../system/version.ts';
import type { Channels } from '../consoles/channels.ts';
import type { EventLog } from '../events/event-log.ts';
import { readHostFacts } from '../program/host-facts.ts';
import type { RunningKernel } from '../running-kernel.ts';
import type { Warnings } from '../warnings.ts';
import { bundleFiles, isUnasked, screenFile } from './crash-content.ts';
import { bundleName, seriesOf, surplus } from './crash-retention.ts';
import {
  addToBundle,
  listBundles,
  namesOfBundles,
  readBundleFile,
  removeBundle,
  writeBundle,
} from './crash-store.ts';

/** Pictures for a bundle belong to no client. */
const theBundle = { key: 'crash bundle', isOwner: true };

/** What crash bundles need of their VM. */
export interface CrashOwner {
  readonly layout: VmLayout;
  readonly events: EventLog;
  readonly channels: Channels;
  readonly screens: Screens;
  readonly warnings: Pick<Warnings, 'report'>;
}

/** The crash bundles of a VM: one for each unexpected exit. */
export class CrashBundles {
  readonly #vm: CrashOwner;
  /** Bundles that could not be written. */
  #lost = 0;

  constructor(vm: CrashOwner) {
    this.#vm = vm;
  }

  /**
   * Writes a bundle about a kernel that has just ended, if its exit was unexpected, and publishes its path. Never throws,
   * and takes some milliseconds: a restart follows. Returns the path of the bundle, or ''.
   */
  keep(kernel: RunningKernel, exit: ExitRecord, config: VmConfig): string {
    if (!isUnasked(exit) || config.crash_bundles === 0) return '';
    const { layout, events, warnings } = this.#vm;
    try {
      const path = this.#write(kernel, exit, config);
      events.publish('crash-bundle', path, { path });
      this.#addScreens(basename(path), kernel);
      this.#removeSurplus(basename(path), config.crash_bundles);
      return path;
    } catch (error) {
      this.#lost += 1;
      const cause = `cannot write a crash bundle (${this.#lost} since the monitor started): ${toFailure(error).cause}`;
      warnings.report(
        new UmlmonError('CRASH_BUNDLE', {
          place: layout.crashes,
          cause,
          hint: `check the directory and its file system: ls -ld ${layout.crashes}; df ${layout.crashes}`,
        }),
      );
      return '';
    }
  }

  list(): CrashList {
    const bundles = listBundles(this.#vm.layout).map(({ series: _, ...bundle }) => bundle);
    return { bundles, lost: this.#lost };
  }

  /** Errors: CRASH_UNKNOWN. */
  read(args: CrashReadArgs): CrashBytes {
    return readBundleFile(this.#vm.layout, args);
  }

  #write(kernel: RunningKernel, exit: ExitRecord, config: VmConfig): string {
    const { layout, events, channels } = this.#vm;
    const { endedAt, cause, panic } = exit;
    const name = bundleName(endedAt, namesOfBundles(layout));
    const path = join(layout.crashes, name);
    const files = bundleFiles({
      vm: layout.vm,
      version,
      exit: { ...exit, bundle: path },
      plan: kernel.plan,
      settings: config.settings,
      consoles: channels.newestOutput(monitorLimits.bundleConsoleBytes),
      screen: channels
        .get('con0')
        .lastLines(monitorLimits.bundleConsoleBytes)
        .slice(-monitorLimits.bundleScreenLines),
      events: events.held(),
      host: readHostFacts(layout, kernel),
    });
    const newest = listBundles(layout).at(-1);
    const series = seriesOf(name, endedAt, newest, monitorLimits.crashSeriesGap);
    const sequence = (newest?.sequence ?? 0) + 1;
    writeBundle(layout, { name, series, sequence, endedAt, cause, panic }, files);
    return path;
  }

  /** Adds pictures of the consoles as they are before the next kernel prints, each when it is drawn. */
  #addScreens(name: string, { plan }: RunningKernel): void {
    const { layout, channels, screens, warnings } = this.#vm;
    for (const channel of channels.withOutput().slice(0, consoleLimits.screensKept))
      screens
        .picture(channel, { history: 0, bytes: monitorLimits.bundleConsoleBytes }, theBundle)
        .then((picture) => addToBundle(layout, name, screenFile(channel.name, picture, plan)))
        .catch(warnings.report);
  }

  #removeSurplus(newest: string, count: number): void {
    const { layout } = this.#vm;
    const retention = { count, bytes: monitorLimits.bundlesBytes };
    const isNewest = ({ name }: { readonly name: string }) => Number(name === newest);
    try {
      // Not by time alone: the clock of the host may have been set back.
      const bundles = listBundles(layout).sort((a, b) => isNewest(a) - isNewest(b));
      for (const { name } of surplus(bundles, retention)) removeBundle(layout, name);
    } catch (error) {
      // The new bundle exists anyway.
      this.#vm.warnings.report(error);
    }
  }
}
