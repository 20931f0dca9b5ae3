import { mkdirSync } from 'node:fs';
import { type Config, requireVm, type VmConfig } from '../../config/config.ts';
import type { DiskCommand, ImageCaller, Question } from '../../disk/commands/command-types.ts';
import { readRequest } from '../../disk/commands/read-request.ts';
import { type ImageName, type ImageStore, nameText, sharedDisks } from '../../disk/names/image-name.ts';
import type { Owner } from '../../disk/names/new-place.ts';
import { describeImage } from '../../disk/store/describe.ts';
import { imageDetails, imageInfo } from '../../disk/store/image-wire.ts';
import { listImages } from '../../disk/store/list.ts';
import { makeDirectories, ownIds } from '../../jail/directories.ts';
import { jailDirectories } from '../../jail/layout.ts';
import type { VmUser } from '../../jail/user.ts';
import { HostLook } from '../../plan/facts/host-look.ts';
import { vmUser } from '../../plan/facts/inventory.ts';
import { imageStoreOf } from '../../plan/image-store.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { ArgumentValues } from '../commands/argument-kinds.ts';
import type { DiskCommandName } from '../disk/disk-commands.ts';
import { given, requestOf } from '../disk/disk-request.ts';
import { imagesText, imageText } from '../disk/render-disk.ts';
import { print } from '../print/output.ts';
import { canAsk, confirm } from '../prompt/confirm.ts';
import { type AdminHost, layoutIn } from './host.ts';
import { runDiskCommandHere } from './run-disk-command.ts';
import { parseAdminImage } from './table.ts';

export interface AdminDisk {
  readonly subcommand: DiskCommandName;
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
}

/** `umladmin disk …`, with or without running monitors: the locks of the images keep all apart. */
export async function runAdminDisk(
  { subcommand, options, values }: AdminDisk,
  host: AdminHost,
): Promise<void> {
  const { config, json } = host;
  const store = storeOf(config);
  if (subcommand === 'list') {
    const { images, warnings } = await listImages(store);
    const infos = images.map((image) => imageInfo(image, nameText));
    await print(json ? JSON.stringify({ images: infos, warnings }) : imagesText(infos, warnings));
  } else if (subcommand === 'info') {
    const caller = await callerOf(host, options);
    const details = imageDetails(await describeImage(store, imageOf(given(values.PATH)), caller), nameText);
    await print(json ? JSON.stringify(details) : imageText(details));
  } else {
    const verb = readRequest(requestOf({ subcommand, values, options }), { read: imageOf, change: imageOf });
    const question = options.has('yes') ? undefined : questionOf(verb);
    if (question !== undefined && !(await confirm(question))) throw nothingDone(verb.image);
    const made = newImageOf(verb);
    const owner = await ownerOf(made, host);
    if (made) makeRoom(made, owner, config);
    await runDiskCommandHere(verb, { store, owner, caller: await callerOf(host, options), json });
  }
}

function imageOf(text: string): ImageName {
  const parsed = parseAdminImage(text);
  if ('value' in parsed) return parsed.value;
  throw new UmlmonError('USAGE', { place: '', ...parsed });
}

/** The new image of a disk command, if it creates one. */
function newImageOf(verb: DiskCommand): ImageName | undefined {
  if (verb.verb === 'create' || verb.verb === 'cow-create') return verb.image;
  return 'target' in verb ? verb.target : undefined;
}

/** Who owns a new image: the user of its VM, or for an image of all VMs the caller; all users may read that. */
async function ownerOf(image: ImageName | undefined, { loaded }: AdminHost): Promise<Owner> {
  if (!image || image.vm === '') return { ...ownIds(), mode: 0o644 };
  const { uid, gid } = await vmUser(requireVm(loaded, image.vm).vm);
  return { uid, gid, mode: 0o600 };
}

/** The users of VMs; a VM with a wrong one is left out. */
async function usersOf(vms: readonly VmConfig[]): Promise<Map<string, VmUser>> {
  const look = new HostLook(vms.map(({ vmuser }) => vmuser));
  const found = await Promise.all(
    vms.map(async (vm) => [vm.name, await vmUser(vm, look).catch(() => undefined)] as const),
  );
  return new Map(found.flatMap(([name, user]) => (user ? [[name, user]] : [])));
}

/** The user of this program. A file that a guest's header names needs a yes on a terminal, or `-yes`; else it is refused. */
async function callerOf({ config }: AdminHost, options: ReadonlySet<string>): Promise<ImageCaller> {
  const users = await usersOf([...config.vms.values()]);
  const userOf = (vm: string) => users.get(vm);
  const ask = async (question: Question) => {
    if (options.has('yes')) return true;
    if (!canAsk()) return false;
    if (await confirm(headerQuestion(question))) return true;
    throw nothingDone(question.cow);
  };
  return { kind: 'administrator', userOf, ask };
}

function headerQuestion({ cow, image, use }: Question): string {
  const what = use === 'write' ? 'write its changes there' : 'let the guest have its content';
  return `The header of ${nameText(cow)}, written by its guest, names ${nameText(image)}: ${what}?`;
}

function nothingDone(image: ImageName): UmlmonError {
  return new UmlmonError('JOB_CANCELLED', { place: nameText(image), cause: 'nothing was done' });
}

/** The directories that a VM has as soon as it has had a monitor, for a new image. */
function makeRoom(image: ImageName, owner: Owner, config: Config): void {
  if (image.vm === '') mkdirSync(sharedDisks(storeOf(config)), { recursive: true });
  else {
    const umask = process.umask(0o077);
    makeDirectories(jailDirectories(layoutIn(config, image.vm), process.geteuid?.() === 0), ownIds(), owner);
    process.umask(umask);
  }
}

/** The images of the host; the layout of any VM has their place. */
function storeOf(config: Config): ImageStore {
  return imageStoreOf(layoutIn(config, 'any'));
}

/** What is asked on a terminal before something is lost for good. */
function questionOf(verb: DiskCommand): string | undefined {
  if (verb.verb === 'delete') return `Delete ${nameText(verb.image)} permanently?`;
  if (verb.verb === 'rollback')
    return `Discard what was written to ${nameText(verb.image)} since the snapshot ${verb.name}?`;
  return undefined;
}
