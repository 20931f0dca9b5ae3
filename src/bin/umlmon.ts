import '../system/sealed.ts';
import '../system/processes/closed-descriptors.ts';
import '../system/processes/raised-limits.ts';
import { umlmon } from '../monitor/program/main.ts';

// Leaves at once: nothing that is still open may keep a monitor alive that has said its last word.
umlmon(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
