import '../system/sealed.ts';
import '../system/processes/closed-descriptors.ts';
import '../system/processes/raised-limits.ts';
import { dirname } from 'node:path';
import { umlweb } from '../web/main.ts';

umlweb(process.argv.slice(2), dirname(__filename)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
