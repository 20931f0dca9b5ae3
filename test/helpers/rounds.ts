/** UMLMON_TEST_THOROUGH=1 repeats races and random trials as often as a long night allows. */
const isThorough = process.env.UMLMON_TEST_THOROUGH === '1';

/** How often a test tries what may go wrong at any moment. */
export function rounds(usual: number, thorough: number): number {
  return isThorough ? thorough : usual;
}
