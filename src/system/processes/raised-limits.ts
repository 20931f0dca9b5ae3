/** Imported by each program, before it does anything: see raiseOwnLimits. */
import { raiseOwnLimits } from './host-limits.ts';

try {
  raiseOwnLimits();
} catch {
  // Then they are as they are: what needs more says so.
}
