const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes for users: `1.5 MiB`. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** A time span for users: `3 d 4 h`, `12 min`, `8 s`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [days, hours, minutes] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  );
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  if (minutes) return `${minutes} min`;
  return `${seconds} s`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export function clockText(time: number): string {
  const isToday = new Date(time).toDateString() === new Date().toDateString();
  return (isToday ? clock : date).format(time);
}

export function dateText(time: number): string {
  return date.format(time);
}

/** Escape sequences (ECMA-48): CSI, OSC and other strings, those of two characters. */
const sequences = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;

/** Output of a guest without what steers terminals; the guest is hostile, so this takes no longer than its length. */
export function plainText(text: string): string {
  return text
    .replace(sequences, '')
    .split('\n')
    .map(lastWritten)
    .join('\n')
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}

/** The visible rest of a line that was overwritten from its start. */
function lastWritten(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === '\r') end -= 1;
  return line.slice(end > 0 ? line.lastIndexOf('\r', end - 1) + 1 : 0, end);
}
