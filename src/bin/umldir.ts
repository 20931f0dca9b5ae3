import '../system/sealed.ts';
import '../system/processes/closed-descriptors.ts';
import '../system/processes/raised-limits.ts';
import { umldir } from '../directory/main.ts';

// Leaves at once: nothing that is still open may keep a directory alive that has ended.
umldir(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
