import { isSound, type Manifest } from '../../disk/backup/manifest.ts';
import { listBackups } from '../../disk/backup/store.ts';
import type { VmLayout } from '../../jail/layout.ts';
import type { BackupInfo, BackupList } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import type { Channels } from '../consoles/channels.ts';
import type { EventLog } from '../events/event-log.ts';
import type { ActiveRun } from '../kernel-run.ts';
import type { Report } from '../operations.ts';
import type { Warnings } from '../warnings.ts';
import { backUp, backupSummary, notChecked, notFrozen } from './backup.ts';
import { restoreBackup } from './restore.ts';
import { settleRestore } from './restore-journal.ts';

/** What backups need of their VM. */
export interface BackupsOwner {
  readonly layout: VmLayout;
  readonly events: Pick<EventLog, 'publish'>;
  readonly channels: Channels;
  readonly warnings: Pick<Warnings, 'report'>;
}

/** The backups of a VM. Operations allow one backup or restore at a time. */
export class Backups {
  readonly #vm: BackupsOwner;
  #current: { readonly abort: AbortController; readonly done: Promise<unknown> } | undefined;

  constructor(vm: BackupsOwner) {
    this.#vm = vm;
  }

  /**
   * Resolves to a line for users. Errors: STATE_WRONG, those of backUp; BACKUP_INTERRUPTED after `abort`; BACKUP_NOT_FROZEN if
   * the backup exists, but `backup_freeze` requires frozen file systems.
   */
  async make(name: string, run: ActiveRun, report: Report): Promise<string> {
    const abort = new AbortController();
    const { pause, config } = run;
    pause.bar();
    const job = { vm: this.#vm, run, signal: abort.signal, report };
    const work = backUp(name, job).finally(() => pause.unbar());
    // The caller gets its errors; `abort` only waits.
    this.#current = { abort, done: work.catch(() => undefined) };
    try {
      const manifest = await work;
      const { consistency, pauseMs } = manifest;
      const summary = backupSummary(manifest);
      const { events, layout, warnings } = this.#vm;
      const unchecked = notChecked(manifest, layout);
      if (unchecked) warnings.report(unchecked);
      const freeze = config.backup_freeze;
      const less = notFrozen(manifest, freeze, layout);
      events.publish(
        'backup',
        less ? `${summary}; not frozen, as backup_freeze = ${freeze} wants it` : summary,
        {
          backup: manifest.name,
          consistency,
          pause_ms: pauseMs,
          as_wanted: less ? 'no' : 'yes',
        },
      );
      if (less) throw less;
      return summary;
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      throw new UmlmonError('BACKUP_INTERRUPTED', {
        place: this.#vm.layout.vm,
        cause: String(abort.signal.reason),
        hint: 'the unfinished backup is removed: make another one',
      });
    } finally {
      this.#current = undefined;
    }
  }

  /** Aborts a backup in progress. Resolves when nothing is left of it. */
  async abort(why: string): Promise<void> {
    this.#current?.abort.abort(why);
    await this.#current?.done;
  }

  /** Resolves to a line for users. Errors: those of restoreBackup. */
  restore(name: string, report: Report): Promise<string> {
    return restoreBackup(name, this.#vm.layout, report);
  }

  /** Finishes a restore that a previous monitor has started. Errors: BACKUP_RESTORE. */
  settle(): void {
    const settled = settleRestore(this.#vm.layout);
    if (settled !== undefined) this.#vm.events.publish('restore-recovered', settled);
  }

  async list(): Promise<BackupList> {
    const { layout } = this.#vm;
    const newest = (await listBackups(layout)).slice(-diskLimits.backupsListed);
    return { directory: layout.backups, backups: newest.map(describe) };
  }
}

function describe(manifest: Manifest): BackupInfo {
  const { name, takenAt, consistency, pauseMs, images } = manifest;
  return {
    name,
    takenAt,
    consistency,
    pauseMs: Math.ceil(pauseMs),
    sound: isSound(manifest),
    images: images.map(({ path }) => path),
    bytes: images.reduce((sum, { size }) => sum + size, 0),
  };
}
