/** What is mounted where, as a process sees it (proc_pid_mountinfo(5)). Pure. */

export interface Mount {
  /** Where, from the process's root. */
  readonly point: string;
  /** Device number and directory in its file system: of two mounts of one directory the same. */
  readonly source: string;
  readonly type: string;
}

interface Entry extends Mount {
  readonly id: string;
  readonly parent: string;
}

/**
 * The mounts that can be reached by a path, each parent before its children. A later mount at the same place hides the
 * earlier one and all mounts below it.
 *
 * @param mountinfo text of /proc/PID/mountinfo
 */
export function reachableMounts(mountinfo: string): Mount[] {
  const entries = mountinfo.split('\n').flatMap(parseEntry);
  const known = new Set(entries.map(({ id }) => id));
  const children = new Map<string, Entry[]>();
  for (const entry of entries) {
    const parent = known.has(entry.parent) && entry.parent !== entry.id ? entry.parent : '';
    children.set(parent, [...(children.get(parent) ?? []), entry]);
  }
  const reached: Mount[] = [];
  const seen = new Set<Entry>();
  const next = [...(children.get('') ?? [])];
  for (let mount = next.shift(); mount; mount = next.shift()) {
    if (seen.has(mount)) continue;
    seen.add(mount);
    const { id, point, source, type } = mount;
    const below = children.get(id) ?? [];
    const over = below.findLast((child) => child.point === point);
    if (!over) reached.push({ point, source, type });
    // One upon a directory hides what was mounted below that directory before.
    const seenBelow = below.filter((child) => !below.some((other) => isBelow(child.point, other.point)));
    next.unshift(...(over ? [over] : seenBelow));
  }
  return reached;
}

function parseEntry(line: string): Entry[] {
  const [fields = '', file = ''] = line.split(' - ', 2);
  const [id = '', parent = '', device = '', root = '', point] = fields.split(' ');
  if (point === undefined) return [];
  return [
    { id, parent, point: decode(point), source: `${device} ${decode(root)}`, type: file.split(' ')[0] ?? '' },
  ];
}

/** Blanks, backslashes and line feeds are octal there. */
function decode(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Whether a path is below a directory, and not the directory itself. */
export function isBelow(path: string, directory: string): boolean {
  return path !== directory && path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
