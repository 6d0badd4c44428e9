/** How long something takes that may be quicker than the clock can tell: browsers round it to 0.1 ms or more. */

/** Milliseconds that tell enough. */
const ENOUGH = 5;
/** Times at most: by then it is known to be next to nothing. */
const MOST = 2000;
/** Whole timings, of which the least counts: other work on the machine only ever makes it slower. */
const REPEATED = 3;
/** Nobody waits for what takes longer than this to be repeated, in ms. */
const LONG = 100;

/**
 * Milliseconds of one time, from asking to having; never 0.
 * @param {(times: number) => Promise<unknown>} run  does it so many times in a row
 * @param {AbortSignal} signal  ends it early, with what is known by then
 */
export async function timeOf(run, signal) {
  const timed = async (/** @type {number} */ times) => {
    const begin = performance.now();
    await run(times);
    return performance.now() - begin;
  };
  let times = 1;
  let least = await timed(times);
  while (least < ENOUGH && times < MOST && !signal.aborted) {
    // a little more than it needs, and not too much at once: most of the first time is that of asking
    times = Math.min(MOST, Math.ceil(times * Math.min(10, (1.2 * ENOUGH) / Math.max(least, 0.1))));
    least = await timed(times);
  }
  for (let again = 1; again < REPEATED && least < LONG && !signal.aborted; again += 1) least = Math.min(least, await timed(times));
  return Math.max(least, 0.1) / times;
}
