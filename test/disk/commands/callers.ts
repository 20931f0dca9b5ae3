import type { ImageCaller } from '../../../src/disk/commands/command-types.ts';

/** A user that agrees to every question. */
export const administrator: ImageCaller = {
  kind: 'administrator',
  userOf: () => undefined,
  ask: () => Promise.resolve(true),
};

/** A client of vm1, whose user is root: his rights are no matter. */
export const client = (vm = 'vm1', uid = 0): ImageCaller & { kind: 'vm' } => ({
  kind: 'vm',
  vm,
  user: { name: uid === 0 ? 'root' : `user${uid}`, uid, gid: uid },
});
