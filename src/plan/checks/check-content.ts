/**
 * Whether what a disk holds can be what its VM needs. Pure. Only what is certain is refused: that the kernel finds no root
 * file system. Whether there is an init in it, the kernel says at the start (START_CRASHED).
 */

import type { VmConfig } from '../../config/config.ts';
import type { Refusal } from '../../config/problem.ts';
import type { Filesystem } from '../../disk/content/filesystem.ts';
import { cureFor } from '../../disk/content/foreign-format.ts';
import type { GuestContent } from '../../disk/content/guest-content.ts';
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
    return refuse(`${hostPath} is ${foreign.what}, and no disk`, cureFor(foreign.cure, hostPath));
  if (blank)
    return refuse(
      `${hostPath} is blank: it holds no root file system`,
      'put a system on it, or copy an image there',
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
        `write root = ${name(likeliestRoot(table)?.number ?? 1)}`,
      );
    }
    return content.iso
      ? problem(
          'warning',
          `${hostPath} is an ISO 9660 image`,
          'the kernel may not be able to mount it as its root',
        )
      : unknown(hostPath, content);
  }
  if (!table && filesystem)
    return refuse(
      `${hostPath} has no partitions, and holds ${withArticle(filesystem.kind)} file system; root = ${name(partition)}`,
      `write root = ${name(0)}`,
    );
  if (!table) return unknown(hostPath, content);
  const found = table.partitions.find(({ number }) => number === partition);
  const place = `partition ${partition} of ${hostPath}`;
  if (!found) {
    const likeliest = likeliestRoot(table);
    // Of a damaged table the kernel may find a copy.
    const say = table.partitions.length > 0 ? refuse : warn;
    return say(
      `${hostPath} has no partition ${partition}: ${partitionsText(table) || 'it has none'}`,
      likeliest ? `write root = ${name(likeliest.number)}` : 'see them with: fdisk -l, on the host',
    );
  }
  const room = Math.min(found.size, content.size - found.start);
  if (found.content) return filesystemDamage(found.content, room, place, refuse);
  return problem(
    'warning',
    `it is not known what ${place} holds`,
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
    return refuse(`${place} is swap space, and no root file system`, 'name the root with root = ubdX');
  if (size <= room) return undefined;
  const cause = `${place} was cut short: its ${kind} file system has ${size} bytes, and there are ${room}`;
  const hint = 'copy the image once more, as a whole';
  return sized.has(kind) ? refuse(cause, hint) : problem('warning', cause, hint);
}

/** Of another disk than the root, which a guest may use in any way. */
function dataDamage({ hostPath, content }: LookedAt): ContentProblem | undefined {
  const warn: Say = (cause, hint) => problem('warning', cause, hint);
  const inner = content.content;
  if (!inner && content.foreign?.kind === 'disk')
    return warn(
      `${hostPath} is ${content.foreign.what}: the guest sees its bytes as they are`,
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
        `${hostPath} was cut short: its partition ${cut.number} ends after its end`,
        'copy the image once more, as a whole',
      )
    : undefined;
}

function unknown(hostPath: string, { head }: GuestContent): ContentProblem {
  return problem(
    'warning',
    `it is not known what ${hostPath} holds (its first bytes: ${head}): it may be no root file system`,
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
