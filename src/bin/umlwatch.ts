import '../system/sealed.ts';
import '../system/processes/raised-limits.ts';
import { umlwatch } from '../cli/umlwatch.ts';

umlwatch(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
