import '../system/sealed.ts';
import '../system/processes/raised-limits.ts';
import { dirname, join } from 'node:path';
import { runCompiled } from '../umlrun/compiled.ts';

runCompiled(join(dirname(__filename), 'umlrun-main.cjs'));
