/** The resource limits of a process (getrlimit(2)): their names, and the texts of proc_pid_limits(5) and prlimit(1). Pure. */

/** Number of the resource (asm-generic/resource.h), and its name in proc_pid_limits(5). */
export const resources = {
  cpu: [0, 'Max cpu time'],
  fsize: [1, 'Max file size'],
  data: [2, 'Max data size'],
  stack: [3, 'Max stack size'],
  core: [4, 'Max core file size'],
  nproc: [6, 'Max processes'],
  nofile: [7, 'Max open files'],
  memlock: [8, 'Max locked memory'],
  as: [9, 'Max address space'],
  sigpending: [11, 'Max pending signals'],
} as const;

export type LimitName = keyof typeof resources;

export interface HostLimit {
  /** Infinity for `unlimited`; units as of getrlimit(2). */
  readonly soft: number;
  readonly hard: number;
}

export type HostLimits = Readonly<Record<LimitName, HostLimit>>;

export const limitNames = Object.keys(resources) as LimitName[];

/** All limits in the text of proc_pid_limits(5). A limit missing in it means unlimited. */
export function parseLimits(text: string): HostLimits {
  const boundOf = (word: string | undefined) =>
    word === undefined || word === 'unlimited' ? Number.POSITIVE_INFINITY : Number(word);
  const limitOf = (name: LimitName): HostLimit => {
    const [, soft, hard] = new RegExp(`^${resources[name][1]}\\s+(\\S+)\\s+(\\S+)`, 'm').exec(text) ?? [];
    return { soft: boundOf(soft), hard: boundOf(hard) };
  };
  return Object.fromEntries(limitNames.map((name) => [name, limitOf(name)])) as HostLimits;
}

/** The options of prlimit(1): each limit is the smaller of the wanted and the possible value. */
export function prlimitWords(
  wanted: Partial<Record<LimitName, number>>,
  limits: HostLimits,
): `--${LimitName}=${string}`[] {
  return limitNames.flatMap((name): `--${LimitName}=${string}`[] => {
    const most = wanted[name];
    return most === undefined ? [] : [`--${name}=${Math.min(most, limits[name].hard)}`];
  });
}
