import '../system/sealed.ts';
import '../system/closed-descriptors.ts';
import '../system/raised-limits.ts';
import { umlmon } from '../monitor/main.ts';

// Leaves at once: nothing that is still open may keep a monitor alive that has said its last word.
umlmon(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
