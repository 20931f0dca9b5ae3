import { createInterface } from 'node:readline/promises';

/** Whether a user can answer a question. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks a question on a terminal; without a terminal, the answer is yes, as with rm(1). Anything but `y` is no. */
export async function confirm(question: string): Promise<boolean> {
  if (!canAsk()) return true;
  const readline = createInterface({ input: process.stdin, output: process.stderr });
  const interrupted = new AbortController();
  readline.once('SIGINT', () => interrupted.abort());
  // At the end of the input, the question stays unanswered.
  readline.once('close', () => interrupted.abort());
  try {
    const answer = await readline.question(`${question} [y/N] `, { signal: interrupted.signal });
    return /^y(?:es)?$/i.test(answer.trim());
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    process.stderr.write('\n');
    return false;
  } finally {
    readline.close();
  }
}
