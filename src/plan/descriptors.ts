/** Pure. */
import type { ConsolePlan, Descriptor, ImagePlan } from './plan.ts';

/**
 * The descriptors of the kernel process. con0 is its standard input, output and error, so that output before
 * the kernel's console exists is seen too. The masters go along: a kernel that holds them is not hung up when its
 * monitor dies, and the next monitor takes them back. The locks go along: they are held as long as the kernel lives.
 */
export function descriptorsOf(
  consoles: readonly ConsolePlan[],
  images: readonly ImagePlan[],
  {
    gate,
    passed,
    copied,
  }: { readonly gate: boolean; readonly passed: readonly string[]; readonly copied: readonly string[] },
): Descriptor[] {
  const others = consoles.filter(({ channel }) => channel !== 'con0');
  const unnumbered: WithoutFd<Descriptor>[] = [
    { is: 'status' },
    { is: 'seccomp' },
    { is: 'vm-lock' },
    ...(gate ? [{ is: 'gate' as const }] : []),
    ...passed.map((name) => ({ is: 'passed' as const, name })),
    ...others.map(({ channel }) => ({ is: 'slave' as const, channel })),
    ...consoles.map(({ channel }) => ({ is: 'master' as const, channel })),
    ...images.map(({ unit }) => ({ is: 'image-lock' as const, unit })),
    ...images.flatMap(({ unit, backing }) => (backing ? [{ is: 'backing-lock' as const, unit }] : [])),
    { is: 'image-holder' },
    ...copied.map((path) => ({ is: 'copy' as const, path })),
    ...images.filter(isBoundAlone).map(({ unit }) => ({ is: 'image-bind' as const, unit })),
  ];
  return [
    ...[0, 1, 2].map((fd) => ({ fd, is: 'slave' as const, channel: 'con0' })),
    ...unnumbered.map((descriptor, i) => ({ fd: i + 3, ...descriptor })),
  ];
}

/** All VMs see the shared tree, and may write only what they have as disks. Devices are bound otherwise (Bind.fd). */
function isBoundAlone({ jailPath, readOnly }: ImagePlan): boolean {
  return jailPath.startsWith('/shared/') && !readOnly && !jailPath.endsWith('.dev');
}

type WithoutFd<D> = D extends unknown ? Omit<D, 'fd'> : never;

/** The number of a planned descriptor; undefined if an image is not bound by itself. */
export function bindFdOf(descriptors: readonly Descriptor[], unit: number): number | undefined {
  return descriptors.find((descriptor) => descriptor.is === 'image-bind' && descriptor.unit === unit)?.fd;
}

/** The number of a planned descriptor. */
export function fdOf(descriptors: readonly Descriptor[], is: Descriptor['is'], channel?: string): number {
  const found = descriptors.find(
    (descriptor) =>
      descriptor.is === is &&
      (channel === undefined || ('channel' in descriptor && descriptor.channel === channel)),
  );
  if (!found) throw new Error(`no descriptor for ${is} ${channel ?? ''}`);
  return found.fd;
}
