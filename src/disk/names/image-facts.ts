import { type BigIntStats, fstatSync } from 'node:fs';
import type { Permissions } from '../../system/files/permissions.ts';
import { deviceId, deviceSize } from './block-device.ts';
import type { ImageRights } from './image-rights.ts';

export interface ImageFacts extends ImageRights {
  /** Which file or device it is, whatever its name: equal for hard links, and for all nodes of one device. */
  readonly id: string;
  readonly hostPath: string;
  readonly kind: 'file' | 'block' | 'other';
  /** Bytes. */
  readonly size: number;
  /** Bytes that it takes of its file system. */
  readonly allocated: number;
  /** Seconds since 1970, rounded down as the kernel rounds. */
  readonly mtime: number;
  /** Names that the file has (hard links), wherever they are. */
  readonly links: number;
}

/** What is behind a descriptor. @param way ImageRights.way */
export function factsOf(fd: number, hostPath: string, way: readonly Permissions[]): ImageFacts {
  return factsIn(fstatSync(fd, { bigint: true }), hostPath, way);
}

export function factsIn(stat: BigIntStats, hostPath: string, way: readonly Permissions[]): ImageFacts {
  const common = {
    hostPath,
    way,
    mtime: Number(stat.mtimeNs / 1_000_000_000n),
    links: Number(stat.nlink),
    ...permissionsIn(stat),
  };
  if (stat.isBlockDevice()) {
    const id = deviceId(stat.rdev);
    const size = deviceSize(id);
    return { ...common, id, kind: 'block', size, allocated: size };
  }
  return {
    ...common,
    id: `${stat.dev}:${stat.ino}`,
    kind: stat.isFile() ? 'file' : 'other',
    size: Number(stat.size),
    allocated: Number(stat.blocks) * 512,
  };
}

export function permissionsIn({ uid, gid, mode }: BigIntStats): Permissions {
  return { uid: Number(uid), gid: Number(gid), mode: Number(mode) };
}
