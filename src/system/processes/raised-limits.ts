/** Imported by each program, before it does anything: see raiseOwnLimits. */
import { raiseOwnLimits } from './host-limits.ts';

try {
  raiseOwnLimits();
} catch {
  // The limits stay unchanged: code that needs more reports it.
}
