/** Errors of disk images, COW files and backups (disk/). */
export const diskErrors = {
  DISK_UNIT: { class: 'state', means: 'The VM already has this disk, or does not have it.' },

  IMAGE_MISSING: { class: 'config', means: 'The disk image does not exist.' },
  IMAGE_OUTSIDE: { class: 'config', means: 'The path of the disk image leads out of the jail.' },
  IMAGE_KIND: { class: 'config', means: 'The format of the file differs from what its name or use says.' },
  IMAGE_CONTENT: { class: 'config', means: 'The disk image does not contain what the VM needs.' },
  IMAGE_ACCESS: { class: 'config', means: 'The user of the VM may not use the disk image.' },
  IMAGE_IN_USE: { class: 'state', means: 'Another VM or program uses the disk image.' },
  IMAGE_EXISTS: { class: 'failed', means: 'A file of this name already exists.' },
  IMAGE_NOT_OWNED: { class: 'state', means: 'The disk image is not an image of this VM.' },
  IMAGE_UNKNOWN: {
    class: 'failed',
    means: 'Not all images or their users could be read, so a change could be unsafe.',
  },
  IMAGE_LINK: { class: 'config', means: 'The path of the disk image contains a symbolic link.' },
  IMAGE_SWAPPED: { class: 'failed', means: 'The disk image was replaced after it was checked.' },
  IMAGE_IS_BACKING: {
    class: 'state',
    means: 'The disk image must not change: it is the backing file of a COW image.',
  },
  IMAGE_BACKING_PATH: {
    class: 'config',
    means: 'The backing file of a COW image is at a path that the VM cannot use.',
  },
  IMAGE_CHAIN: {
    class: 'config',
    means: 'The backing file of a COW image is a COW image. The kernel supports one layer only.',
  },
  IMAGE_NAME: { class: 'config', means: 'The name is not valid for a disk image or snapshot.' },
  IMAGE_SIZE: { class: 'config', means: 'The size is not valid for the disk image.' },
  IMAGE_SNAPSHOTS: { class: 'state', means: 'The disk image has snapshots or is a snapshot.' },
  IMAGE_DAMAGED: { class: 'failed', means: 'The file system in the disk image is damaged.' },

  COW_FORMAT: { class: 'failed', means: 'The file is not a COW file, or is damaged.' },
  COW_BACKING: {
    class: 'failed',
    means: 'The backing file does not match the COW file: it was changed or replaced.',
  },
  COW_HAZARD: {
    class: 'failed',
    means: 'The kernel would read wrong data through a COW file on this image.',
  },

  BACKUP_NAME: { class: 'usage', means: 'The name is not valid for a backup.' },
  BACKUP_UNKNOWN: { class: 'failed', means: 'The backup does not exist.' },
  BACKUP_EXISTS: { class: 'failed', means: 'A backup of this name already exists.' },
  BACKUP_DIRECTORY: { class: 'config', means: 'Backups cannot be stored where a guest can reach them.' },
  BACKUP_INTERRUPTED: {
    class: 'failed',
    means: 'The VM could not be paused, continued or ended while its images were copied.',
  },
  BACKUP_NOT_FROZEN: {
    class: 'failed',
    means: 'The backup was made, but the guest did not freeze its file systems (backup_freeze).',
  },
  BACKUP_INCONSISTENT: { class: 'failed', means: 'The backup was made, but a file system in it has errors.' },
  BACKUP_DAMAGED: { class: 'failed', means: 'The backup was changed or damaged after it was made.' },
  BACKUP_RESTORE: {
    class: 'state',
    means: 'A restore was interrupted while it replaced images, and cannot be completed.',
  },
} as const;
