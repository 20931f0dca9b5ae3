import '../system/sealed.ts';
import '../system/processes/raised-limits.ts';
import { umladmin } from '../cli/umladmin.ts';

umladmin(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
