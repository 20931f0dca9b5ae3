/** Imported by each daemon, before it opens anything: see closeInherited. */
import { closeInherited } from './inherited-descriptors.ts';

closeInherited(process.env, process.argv);
