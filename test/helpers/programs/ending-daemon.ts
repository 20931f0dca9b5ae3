/** A daemon that exits in the way that its first argument selects; its log is standard error, its exit record a file. */
import { readdirSync, writeFileSync } from 'node:fs';
import { LastWord } from '../../../src/system/errors/daemon-exit.ts';
import { openLog } from '../../../src/system/logs/log.ts';

const [way = '', record = ''] = process.argv.slice(2);
const log = openLog('test', { write: (line) => void process.stderr.write(line) }, 'program');
const lastWord = new LastWord({
  log,
  warning: (error) => log.warn({ warning: String(error) }, 'warning'),
  keep: (ending) => writeFileSync(record, JSON.stringify(ending)),
});
// Something that keeps it alive.
const heart = setInterval(() => undefined, 1_000);

const ways: Readonly<Record<string, () => void>> = {
  'in order': () => {
    lastWord.end('SIGTERM');
    lastWord.close();
    clearInterval(heart);
  },
  'exit without notice': () => process.exit(3),
  'host call in a timer': () => {
    setTimeout(() => readdirSync('/no/such/directory'), 1);
    setTimeout(ways['in order'] ?? (() => undefined), 50);
  },
  'host call in a promise': () => {
    void Promise.reject(Object.assign(new Error('EPERM: no'), { syscall: 'kill', code: 'EPERM' }));
    setTimeout(ways['in order'] ?? (() => undefined), 50);
  },
  'host call without end': () => {
    setInterval(() => readdirSync('/no/such/directory'), 1);
  },
  'fault in a timer': () => {
    setTimeout(() => (undefined as unknown as { x: () => void }).x(), 1);
  },
};
ways[way]?.();
