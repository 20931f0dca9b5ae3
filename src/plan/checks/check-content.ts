/**
 * Whether what a disk holds can be what its VM needs. Pure. Only what is certain is refused: that the kernel finds no root
 * file system. Only the kernel can find out at the start whether it contains an init (START_CRASHED).
 */

import type { VmConfig } from '../../config/config.ts';
import type { Refusal } from '../../config/problem.ts';
import type { Filesystem } from '../../disk/content/filesystem.ts';
import type { GuestContent } from '../../disk/content/guest-content.ts';
import { cureFor } from '../../disk/content/other-formats.ts';
import type { Partition, PartitionTable } from '../../disk/content/partition-table.ts';
import { shellWord } from '../../system/shell-word.ts';

export interface ContentProblem {
  readonly severity: 'error' | 'warning';
  readonly why: Refusal;
}

/** A disk, and where its image is on the host. */
interface LookedAt {
  readonly unit: number;
  readonly hostPath: string;
  readonly content: GuestContent;
}

/** Arguments with which something else than the kernel by itself finds the root. */
const otherRoot = /^"?(?:initrd|rootfstype|md|raid|dm-mod\.create|nfsroot|rdinit)=/;
/** Kinds that a kernel mounts only up to the size that they name. */
const sized = new Set<Filesystem['kind']>(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'squashfs']);

/** What is wrong with the content of a disk of the VM: the first reason only. */
export function checkContent(vm: VmConfig, disk: LookedAt): ContentProblem[] {
  const why = disk.unit === vm.root.unit ? rootDamage(vm, disk) : dataDamage(disk);
  return why ? [why] : [];
}

function rootDamage(vm: VmConfig, disk: LookedAt): ContentProblem | undefined {
  const { hostPath, content } = disk;
  const isCertain = !vm.append.some((argument) => otherRoot.test(argument));
  const refuse: Say = (cause, hint) => problem(isCertain ? 'error' : 'warning', cause, hint);
  const warn: Say = (cause, hint) => problem('warning', cause, hint);
  const { foreign, table, blank } = content;
  const filesystem = content.content?.holds === 'filesystem' ? content.content : undefined;
  if (!filesystem && foreign)
    return refuse(`${hostPath} is ${foreign.what}, not a disk image`, cureFor(foreign.cure, hostPath));
  if (blank)
    return refuse(
      `${hostPath} is blank: it has no root file system`,
      'install a system on it, or copy an image over it',
    );
  const { partition, unit } = vm.root;
  const name = (number: number) => `ubd${String.fromCharCode(97 + unit)}${number || ''}`;
  if (partition === 0) {
    if (filesystem) return filesystemDamage(filesystem, content.size, hostPath, refuse);
    if (table && table.partitions.length > 0) {
      // A boot sector may only look like a table.
      const say: Say = table.partitions.some((one) => one.content) ? refuse : warn;
      return say(
        `${hostPath} has partitions (${table.kind}): ${partitionsText(table)}; root = ${name(0)} is the whole disk`,
        `set root = ${name(likeliestRoot(table)?.number ?? 1)}`,
      );
    }
    return content.iso
      ? problem(
          'warning',
          `${hostPath} is an ISO 9660 image`,
          'use another image if the kernel cannot mount it',
        )
      : unknown(hostPath, content);
  }
  if (!table && filesystem)
    return refuse(
      `${hostPath} holds ${withArticle(filesystem.kind)} file system without partitions; root = ${name(partition)} is a partition`,
      `set root = ${name(0)}`,
    );
  if (!table) return unknown(hostPath, content);
  const found = table.partitions.find(({ number }) => number === partition);
  const place = `partition ${partition} of ${hostPath}`;
  if (!found) {
    const likeliest = likeliestRoot(table);
    // Of a damaged table the kernel may find a copy.
    const say = table.partitions.length > 0 ? refuse : warn;
    return say(
      `${hostPath} has no partition ${partition}: ${partitionsText(table) || 'it has no partitions'}`,
      likeliest ? `set root = ${name(likeliest.number)}` : 'list them on the host: fdisk -l',
    );
  }
  const room = Math.min(found.size, content.size - found.start);
  if (found.content) return filesystemDamage(found.content, room, place, refuse);
  return problem(
    'warning',
    `the content of ${place} is unknown`,
    `blkid -p -O ${found.start} ${shellWord(hostPath)}`,
  );
}

type Say = (cause: string, hint: string) => ContentProblem;

function filesystemDamage(
  { kind, size }: Filesystem,
  room: number,
  place: string,
  refuse: Say,
): ContentProblem | undefined {
  if (kind === 'swap')
    return refuse(
      `${place} is swap space, not a root file system`,
      'set root = ubdX to the root file system',
    );
  if (size <= room) return undefined;
  const cause = `${place} is truncated: its ${kind} file system needs ${size} bytes, but has ${room}`;
  const hint = 'copy the whole image again';
  return sized.has(kind) ? refuse(cause, hint) : problem('warning', cause, hint);
}

/** Of another disk than the root, which a guest may use in any way. */
function dataDamage({ hostPath, content }: LookedAt): ContentProblem | undefined {
  const warn: Say = (cause, hint) => problem('warning', cause, hint);
  const inner = content.content;
  if (!inner && content.foreign?.kind === 'disk')
    return warn(
      `${hostPath} is ${content.foreign.what}: the guest sees its raw bytes`,
      cureFor(content.foreign.cure, hostPath),
    );
  if (inner?.holds === 'filesystem' && inner.kind !== 'swap')
    return filesystemDamage(inner, content.size, hostPath, warn);
  const cut =
    inner?.holds === 'partitions'
      ? inner.partitions.find(({ start, size }) => start + size > content.size)
      : undefined;
  return cut
    ? warn(
        `${hostPath} is truncated: its partition ${cut.number} extends beyond its end`,
        'copy the whole image again',
      )
    : undefined;
}

function unknown(hostPath: string, { head }: GuestContent): ContentProblem {
  return problem(
    'warning',
    `the content of ${hostPath} is unknown (first bytes: ${head}): it may not be a root file system`,
    `blkid -p ${shellWord(hostPath)}`,
  );
}

function problem(severity: ContentProblem['severity'], cause: string, hint: string): ContentProblem {
  return { severity, why: { code: 'IMAGE_CONTENT', cause, hint } };
}

/** `1 (ext4), 2 (swap), 3` */
function partitionsText({ partitions }: PartitionTable): string {
  return partitions
    .map(({ number, content }) => (content ? `${number} (${content.kind})` : `${number}`))
    .join(', ');
}

/** The largest partition with a file system that can be a root. */
function likeliestRoot({ partitions }: PartitionTable): Partition | undefined {
  return partitions
    .filter(({ content }) => content && sized.has(content.kind))
    .reduce<Partition | undefined>((most, one) => (one.size > (most?.size ?? 0) ? one : most), undefined);
}

function withArticle(kind: string): string {
  return /^[aeiox]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}
