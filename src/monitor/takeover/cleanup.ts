import { closeSync, existsSync } from 'node:fs';
import { requireTrusted } from '../../config/file/untrusted-directories.ts';
import { forgetMacs } from '../../network/mac/mac-pool-file.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { settleRestore } from '../disks/restore-journal.ts';
import { takeMonitorLock } from '../program/monitor-lock.ts';
import { type ConfigSource, layoutFor, readVmOrGone } from '../start/config-source.ts';
import { cleanUp } from './clean-up.ts';
import { findKernel } from './find-kernel.ts';

/**
 * `umlmon -cleanup VM`: works without a monitor, and prints what it removed. It changes neither a running kernel nor
 * files of other VMs. If the VM has no section any more, its hardware addresses are released too. Errors: CONFIG_*,
 * MONITOR_RUNNING, VM_ALIVE, NETWORK_MAC_FILE.
 */
export async function runCleanup(source: ConfigSource, json: boolean): Promise<void> {
  const { config, vm, isGone } = readVmOrGone(source);
  requireTrusted(config.global, vm);
  const layout = layoutFor(config, vm);
  const removed = existsSync(layout.home) ? await cleanUnderLock() : [];
  if (isGone && (await forgetMacs(config.global.vardir, vm.name))) removed.push('its hardware addresses');
  if (json) console.log(JSON.stringify({ vm: vm.name, removed }));
  else
    console.log(
      removed.length > 0
        ? `${vm.name}: removed\n  ${removed.join('\n  ')}`
        : `${vm.name}: no leftovers found`,
    );

  async function cleanUnderLock(): Promise<string[]> {
    const lockFd = takeMonitorLock(layout);
    try {
      const finding = await findKernel(layout);
      if (finding.found === 'nothing') {
        const settled = settleRestore(layout) === undefined ? [] : [layout.restoreJournal];
        const { removed, emptied } = await cleanUp(layout, { monitorToo: true });
        await emptied;
        return [...settled, ...removed];
      }
      throw new UmlmonError('VM_ALIVE', {
        place: vm.name,
        cause:
          finding.found === 'ours'
            ? `its kernel runs without a monitor, as process ${finding.jailed.kernel.pid}`
            : finding.why,
        hint:
          finding.found === 'ours'
            ? `umlmon ${vm.name} takes it over`
            : `find the process with: fuser -v ${layout.vmLock}`,
      });
    } finally {
      closeSync(lockFd);
    }
  }
}
