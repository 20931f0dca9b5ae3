/**
 * Loaded into a monitor by a test: writes each pause of its event loop to the file of UMLMON_TEST_PAUSES, as lines with the
 * time of its end and its milliseconds. Time in which the host gives the core to other processes does not count.
 */
const { appendFileSync, readFileSync } = require('node:fs');

const file = process.env.UMLMON_TEST_PAUSES;
const everyMs = 2;
const reportedMs = 5;

/** Milliseconds that the main thread has waited for a core (sched-stats.rst). */
function waitedForCore() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
}

let [last, waited] = [performance.now(), waitedForCore()];
setInterval(() => {
  const [now, waitedNow] = [performance.now(), waitedForCore()];
  const pause = now - last - (waitedNow - waited) - everyMs;
  if (pause > reportedMs) appendFileSync(file, `${Date.now()} ${pause.toFixed(1)}\n`);
  // Without the time of this report.
  [last, waited] = [performance.now(), waitedForCore()];
}, everyMs).unref();
