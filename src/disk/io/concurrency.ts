/**
 * Does a list of works, `count` at a time: while one waits for a read, another writes. The first error ends all, after
 * those that are under way.
 */
export async function takeTurns<Work>(
  works: Iterable<Work>,
  count: number,
  make: () => (work: Work) => Promise<void>,
): Promise<void> {
  const left = works[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    const run = make();
    for (let next = left.next(); !next.done && !failed; next = left.next())
      await run(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
  };
  const results = await Promise.allSettled(Array.from({ length: count }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
