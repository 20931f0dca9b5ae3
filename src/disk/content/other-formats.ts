/** Files that have the name of a disk image but another format, by magic number. Images are hostile: only bytes are compared. */
import { shellWord } from '../../system/shell-word.ts';
import type { ReadAt } from './filesystem.ts';

export interface ForeignFormat {
  /** `a qcow2 image`, `a gzip archive` */
  readonly what: string;
  /** `disk`: the disk of another program, whose blocks are elsewhere in the file. `archive`: packed or joined files. */
  readonly kind: 'disk' | 'archive';
  /** What makes a disk of the file, with IN and OUT for both. */
  readonly cure: string;
}

interface Magic {
  readonly at: number;
  readonly bytes: readonly number[] | string;
}

/** @param cure of a `ForeignFormat`, for the file at `path` */
export function cureFor(cure: string, path: string): string {
  const out = `${path.replace(/\.[^./]*$/, '')}-raw.dsk`;
  return cure.replace(/\b(?:IN|OUT)\b/g, (word) => shellWord(word === 'IN' ? path : out));
}

const convert = (format: string) => `qemu-img convert -f ${format} -O raw IN OUT`;

/** Each with all magic numbers that it must have. */
const formats: readonly (ForeignFormat & { readonly magic: readonly Magic[] })[] = [
  disk('a qcow2 image', 'qcow2', { at: 0, bytes: 'QFI\xfb' }, { at: 4, bytes: [0, 0, 0] }),
  disk('a VMDK image', 'vmdk', { at: 0, bytes: 'KDMV' }, { at: 5, bytes: [0, 0, 0] }),
  disk('a VMDK image', 'vmdk', { at: 0, bytes: 'COWD' }),
  disk('the description of a VMDK image', 'vmdk', { at: 0, bytes: '# Disk DescriptorFile' }),
  disk('a VHDX image', 'vhdx', { at: 0, bytes: 'vhdxfile' }),
  disk('a VHD image', 'vpc', { at: 0, bytes: 'conectix' }),
  disk('a VDI image', 'vdi', { at: 64, bytes: [0x7f, 0x10, 0xda, 0xbe] }),
  disk('a QED image', 'qed', { at: 0, bytes: 'QED\0' }),
  disk('a Parallels image', 'parallels', { at: 0, bytes: 'WithoutFreeSpace' }),
  disk('a Parallels image', 'parallels', { at: 0, bytes: 'WithouFreSpacExt' }),
  disk('a COW image of UML', undefined, { at: 0, bytes: 'OOOM' }),
  archive('a LUKS volume', 'the kernel opens it only with an initrd', { at: 0, bytes: 'LUKS\xba\xbe' }),
  archive('an LVM volume', 'the kernel opens it only with an initrd', { at: 512, bytes: 'LABELONE' }),
  archive('gzip data', 'gzip -dc IN >OUT', { at: 0, bytes: [0x1f, 0x8b, 0x08] }),
  archive('xz data', 'xz -dc IN >OUT', { at: 0, bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0] }),
  archive('Zstandard data', 'zstd -dc IN >OUT', { at: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd] }),
  archive('LZ4 data', 'lz4 -dc IN >OUT', { at: 0, bytes: [0x04, 0x22, 0x4d, 0x18] }),
  archive('bzip2 data', 'bzip2 -dc IN >OUT', { at: 0, bytes: 'BZh' }, { at: 4, bytes: '1AY&SY' }),
  archive('a zip archive', 'unzip -p IN >OUT', { at: 0, bytes: 'PK\x03\x04' }),
  archive('a 7z archive', '7z e -so IN >OUT', { at: 0, bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c] }),
  archive('a tar archive', 'tar -xf IN -C DIR; mkfs.ext4 -d DIR OUT SIZE', { at: 257, bytes: 'ustar' }),
  archive('a cpio archive', 'unpack it, then mkfs.ext4 -d DIR OUT SIZE', { at: 0, bytes: '070701' }),
  archive('a Debian package or ar archive', 'unpack it, then mkfs.ext4 -d DIR OUT SIZE', {
    at: 0,
    bytes: '!<arch>\n',
  }),
  archive('a program (ELF)', 'name a disk image', { at: 0, bytes: '\x7fELF' }),
];

/** The format of the file; undefined if its first bytes match none. */
export function recogniseForeign(readAt: ReadAt): ForeignFormat | undefined {
  const head = readAt(0, 1024);
  const found = formats.find(({ magic }) => magic.every((one) => has(head, one)));
  return found && { what: found.what, kind: found.kind, cure: found.cure };
}

/** Leading bytes that every file system writes that a kernel can mount as its root. */
const blankBytes = 128 * 1024;

/** Whether the first bytes of an image are all zero. */
export function isBlank(readAt: ReadAt, size: number): boolean {
  return readAt(0, Math.min(size, blankBytes)).every((byte) => byte === 0);
}

/** Whether the image is an ISO 9660 one, which some kernels can mount as their root. */
export function isIso(readAt: ReadAt): boolean {
  return readAt(32_769, 5).toString('latin1') === 'CD001';
}

function has(head: Buffer, { at, bytes }: Magic): boolean {
  const wanted = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
  return head.subarray(at, at + wanted.length).equals(wanted);
}

function disk(what: string, format: string | undefined, ...magic: Magic[]): (typeof formats)[number] {
  const cure = format === undefined ? 'rename it so that the name ends in .cow' : convert(format);
  return { what, kind: 'disk', cure, magic };
}

function archive(what: string, cure: string, ...magic: Magic[]): (typeof formats)[number] {
  return { what, kind: 'archive', cure, magic };
}
