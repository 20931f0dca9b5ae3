const units = ['KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes for a reader, in the largest binary unit, with at most one decimal: `128 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  let value = bytes;
  let unit = -1;
  // As it will be shown: what rounds to 1024 is 1 of the next unit.
  while (Number(value.toFixed(1)) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}
