/**
 * The thread of a monitor in which the screen of one console is emulated. The output of a guest can keep an emulator busy,
 * or break it. So it must not run in the thread that reads the guest's output, nor in that of another console. When it
 * exits, all its memory is free.
 */
import { parentPort } from 'node:worker_threads';
import { Emulator } from './emulator.ts';
import type { ScreenAnswer, ScreenRequest } from './protocol.ts';

/** Bytes for an emulator at once: between them, nothing is queued in it. */
const pieceBytes = 16_384;

let emulator: Emulator | undefined;
let last: Promise<void> = Promise.resolve();

/** An error ends the thread, and the monitor sees that. */
parentPort?.on('message', (request: ScreenRequest) => {
  last = last.then(async () => parentPort?.postMessage(await work(request)));
});

async function work({ isNew, stretches, want }: ScreenRequest): Promise<ScreenAnswer> {
  if (isNew) {
    emulator?.close();
    emulator = undefined;
  }
  emulator ??= new Emulator(stretches[0]?.size ?? { columns: 80, rows: 24 });
  for (const { size, isRenewed, data } of stretches) {
    emulator.resize(size);
    if (isRenewed) await emulator.renew();
    for (let at = 0; at < data.length; at += pieceBytes)
      await emulator.write(data.subarray(at, at + pieceBytes));
  }
  const { heldBytes } = emulator;
  if (!want) return { heldBytes };
  const made = emulator[want.what](want.history, want.bytes);
  return { heldBytes, [want.what]: made };
}
