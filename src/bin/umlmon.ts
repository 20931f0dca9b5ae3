import '../system/sealed.ts';
import '../system/processes/closed-descriptors.ts';
import '../system/processes/raised-limits.ts';
import { umlmon } from '../monitor/program/main.ts';

// Exits at once: an open handle must not keep a finished monitor alive.
umlmon(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
