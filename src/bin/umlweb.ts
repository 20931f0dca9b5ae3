import '../system/sealed.ts';
import '../system/closed-descriptors.ts';
import '../system/raised-limits.ts';
import { dirname } from 'node:path';
import { umlweb } from '../web/main.ts';

umlweb(process.argv.slice(2), dirname(__filename)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
