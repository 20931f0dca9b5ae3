/**
 * Finds the loops per jiffy that a kernel measured, in its boot messages:
 * `Calibrating delay loop... 7736.52 BogoMIPS (lpj=38682600)` (init/calibrate.c).
 */
export function findLoopsPerJiffy(output: string): number | undefined {
  const digits = /\bBogoMIPS \(lpj=(\d{1,12})\)/.exec(output)?.[1];
  const value = Number(digits);
  return value > 0 ? value : undefined;
}
