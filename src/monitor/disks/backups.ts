import { isSound, type Manifest } from '../../disk/backup/manifest.ts';
import { listBackups } from '../../disk/backup/store.ts';
import type { VmLayout } from '../../jail/layout.ts';
import type { BackupInfo, BackupList } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import type { Channels } from '../consoles/channels.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Report } from '../operations.ts';
import type { Running } from '../run.ts';
import { backUp, backupSummary, notChecked, notFrozen } from './backup.ts';
import { restoreBackup } from './restore.ts';
import { settleRestore } from './restore-journal.ts';

export interface BackupsHost {
  readonly layout: VmLayout;
  readonly events: Pick<EventLog, 'publish'>;
  readonly channels: Channels;
  readonly trouble: (error: unknown) => void;
}

/** The backups of a VM; its operations see to it that one is made or restored at a time. */
export class Backups {
  readonly #host: BackupsHost;
  #current: { readonly abort: AbortController; readonly done: Promise<unknown> } | undefined;

  constructor(host: BackupsHost) {
    this.#host = host;
  }

  /**
   * Resolves to a line for people. Errors: STATE_WRONG, those of backUp; BACKUP_CUT_OFF after `abort`; BACKUP_NOT_FROZEN when
   * the backup is there and is not as `backup_freeze` wants it.
   */
  async make(name: string, { pause, ...vm }: Running & { readonly report: Report }): Promise<string> {
    const abort = new AbortController();
    const captured = pause.bar();
    const work = backUp(name, { ...this.#host, ...vm, captured, signal: abort.signal }).finally(captured);
    // How it ends is told to who asked for it; `abort` only waits.
    this.#current = { abort, done: work.catch(() => undefined) };
    try {
      const manifest = await work;
      const { consistency, pauseMs } = manifest;
      const summary = backupSummary(manifest);
      const { events, layout, trouble } = this.#host;
      const unchecked = notChecked(manifest, layout);
      if (unchecked) trouble(unchecked);
      const freeze = vm.config.backup_freeze;
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
      throw new UmlmonError('BACKUP_CUT_OFF', {
        place: this.#host.layout.vm,
        cause: String(abort.signal.reason),
        hint: 'nothing is kept of this backup',
      });
    } finally {
      this.#current = undefined;
    }
  }

  /** Ends a backup in progress, if there is one. Resolves when nothing is left of it. */
  async abort(why: string): Promise<void> {
    this.#current?.abort.abort(why);
    await this.#current?.done;
  }

  /** Resolves to a line for people. Errors: those of restoreBackup. */
  restore(name: string, report: Report): Promise<string> {
    return restoreBackup(name, this.#host.layout, report);
  }

  /** Ends a restore that a former monitor has begun. Errors: BACKUP_RESTORE. */
  settle(): void {
    const settled = settleRestore(this.#host.layout);
    if (settled !== undefined) this.#host.events.publish('restore-settled', settled);
  }

  async list(): Promise<BackupList> {
    const { layout } = this.#host;
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
