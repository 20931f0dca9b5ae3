import type { DiskCommand, DiskResult, ImageCaller } from '../../disk/commands/command-types.ts';
import { subjectText } from '../../disk/commands/describe-command.ts';
import { runDiskCommand } from '../../disk/commands/run.ts';
import type { ImageStore } from '../../disk/names/image-name.ts';
import type { Owner } from '../../disk/names/new-place.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { print } from '../print/output.ts';
import { progressView } from '../print/progress-view.ts';

interface Running {
  readonly store: ImageStore;
  readonly owner: Owner;
  readonly caller: ImageCaller;
  readonly json: boolean;
}

/** Executes a disk command in this process, with its progress. CTRL-C cancels it; a second one exits at once. */
export async function runDiskCommandHere(
  verb: DiskCommand,
  { store, owner, caller, json }: Running,
): Promise<void> {
  const view = progressView(verb.verb, json);
  const job = { name: verb.verb, subject: subjectText(verb), began: Date.now(), ended: 0, done: 0, total: 0 };
  const cancel = new AbortController();
  const onInterrupt = () => {
    // Disk commands leave consistent images even if their process is killed.
    if (cancel.signal.aborted) process.exit(interruptedStatus);
    process.stderr.write('\ncancelling; press CTRL-C again to exit at once\n');
    cancel.abort(
      new UmlmonError('JOB_CANCELLED', {
        place: job.subject,
        cause: `${verb.verb} was cancelled; the images are unchanged`,
      }),
    );
  };
  process.on('SIGINT', onInterrupt);
  // Shows that a command without progress is still running.
  const timer = setInterval(() => void show(), 1000);
  let shown: Promise<void> = Promise.resolve();
  let failed: unknown;
  const show = () => {
    if (asking) return shown;
    shown = shown
      .then(() => view.show(job.done, job.total, { ...job, outcome: { state: 'running' } }))
      .catch((error: unknown) => {
        // The output is closed: the command continues, and fails at its end.
        failed ??= error;
      });
    return shown;
  };
  // No progress is drawn during a question.
  let asking = false;
  const asks: ImageCaller =
    caller.kind !== 'administrator'
      ? caller
      : {
          ...caller,
          ask: async (question) => {
            asking = true;
            await shown;
            await view.end();
            return caller.ask(question).finally(() => {
              asking = false;
            });
          },
        };
  let told = 0;
  const onProgress = (done: number, total: number) => {
    Object.assign(job, { done, total });
    if (performance.now() - told < drawEveryMs) return;
    told = performance.now();
    void show();
  };
  let result: DiskResult;
  try {
    void show();
    result = await runDiskCommand(
      verb,
      { store, by: `@umladmin.${process.pid}`, owner, caller: asks },
      { signal: cancel.signal, onProgress },
    );
  } finally {
    process.off('SIGINT', onInterrupt);
    clearInterval(timer);
    await shown;
    await view.end();
  }
  if (failed) throw failed;
  const { report = '', ...rest } = result;
  const document = { ...job, ended: Date.now(), outcome: { state: 'done', result: { ...rest, report } } };
  await print(json ? JSON.stringify(document) : [result.summary, ...(report ? [report] : [])].join('\n'));
}

/** 128 + SIGINT, as a shell shows it. */
const interruptedStatus = 130;
/** Milliseconds between two checks of the progress; the view decides what is shown. */
const drawEveryMs = 50;
