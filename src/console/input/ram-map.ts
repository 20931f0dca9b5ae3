/** Where the kernel of a guest has mapped what it allocates with vmalloc(). */

export interface AddressRange {
  readonly from: number;
  /** Behind the last byte. */
  readonly to: number;
}

/** An address range that is one piece of the memory of the guest. */
export interface MemoryPiece extends AddressRange {
  /** Of the first byte in the memory file. */
  readonly offset: number;
}

interface Mapping extends MemoryPiece {
  readonly file: string;
}

const line = /^([0-9a-f]+)-([0-9a-f]+) r..s ([0-9a-f]+) (\S+ \d+) .*\(deleted\)$/;

/**
 * The mappings of vmalloc() in the address space of a UML kernel: pieces of its memory file, apart from the mapping of the
 * whole memory. The kernel unmaps late: the same memory can be in several pieces, of which one is in use.
 *
 * @param maps text of /proc/PID/maps
 */
export function vmallocPieces(maps: string): MemoryPiece[] {
  const mappings = maps.split('\n').flatMap(parse);
  const largest = mappings.reduce<Mapping | undefined>(
    (most, one) => (most && most.to - most.from >= one.to - one.from ? most : one),
    undefined,
  );
  if (!largest) return [];
  const isAsWhole = ({ from, offset }: Mapping) => from - offset === largest.from - largest.offset;
  return mappings
    .filter((one) => one.file === largest.file && !isAsWhole(one))
    .map(({ from, to, offset }) => ({ from, to, offset }));
}

/** Pieces that follow each other, as one range. */
export function joined(pieces: readonly AddressRange[]): AddressRange[] {
  const ranges: AddressRange[] = [];
  for (const { from, to } of pieces) {
    const last = ranges.at(-1);
    if (last?.to === from) ranges[ranges.length - 1] = { from: last.from, to };
    else ranges.push({ from, to });
  }
  return ranges;
}

/**
 * Translates addresses to offsets in the memory file: a function to be called with addresses in ascending order. It returns
 * undefined where nothing is mapped.
 *
 * @param pieces in ascending order, as /proc/PID/maps has them
 */
export function offsetsIn(pieces: readonly MemoryPiece[]): (address: number) => number | undefined {
  let next = 0;
  return (address) => {
    while ((pieces[next]?.to ?? Number.POSITIVE_INFINITY) <= address) next += 1;
    const piece = pieces[next];
    return piece && piece.from <= address ? piece.offset + address - piece.from : undefined;
  };
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
