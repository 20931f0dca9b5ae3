/** Where the kernel of a guest has mapped what it allocates with vmalloc(). */

export interface AddressRange {
  readonly from: number;
  /** Behind the last byte. */
  readonly to: number;
}

interface Mapping extends AddressRange {
  /** In the file. */
  readonly offset: number;
  readonly file: string;
}

const line = /^([0-9a-f]+)-([0-9a-f]+) r..s ([0-9a-f]+) (\S+ \d+) .*\(deleted\)$/;

/**
 * The ranges of vmalloc() in the address space of a UML kernel: parts of its memory file that are not where the memory
 * as a whole is mapped. Neighbours are joined.
 *
 * @param maps text of /proc/PID/maps
 */
export function vmallocRanges(maps: string): AddressRange[] {
  const mappings = maps.split('\n').flatMap(parse);
  const largest = mappings.reduce<Mapping | undefined>(
    (most, one) => (most && most.to - most.from >= one.to - one.from ? most : one),
    undefined,
  );
  if (!largest) return [];
  const ranges: AddressRange[] = [];
  for (const { from, to, offset, file } of mappings) {
    if (file !== largest.file || from - offset === largest.from - largest.offset) continue;
    const last = ranges.at(-1);
    if (last?.to === from) ranges[ranges.length - 1] = { from: last.from, to };
    else ranges.push({ from, to });
  }
  return ranges;
}

function parse(text: string): Mapping[] {
  const [, from, to, offset, file] = line.exec(text) ?? [];
  if (from === undefined || to === undefined || offset === undefined || file === undefined) return [];
  const [first, behind, at] = [from, to, offset].map((hex) => Number.parseInt(hex, 16));
  if (
    first === undefined ||
    behind === undefined ||
    at === undefined ||
    !Number.isSafeInteger(behind) ||
    behind <= first
  )
    return [];
  return [{ from: first, to: behind, offset: at, file }];
}
