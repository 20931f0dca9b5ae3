import { isIP } from 'node:net';
import { vmNameDamage } from '../config/names.ts';
import type { Handlers } from '../rpc/codec/program.ts';
import { nobody, peerOf } from '../rpc/server/peer.ts';
import type { DirFailure, DirPort, DirSharingState, DirTarget, DirVm, umldir } from '../rpc/umldir.gen.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { isAnyAddress, isLoopback } from '../system/ip-address.ts';
import type { SecurityLog } from '../system/logs/security-log.ts';
import { clippedDirFailure } from './clipped-failure.ts';
import type { Directory } from './directory.ts';
import type { Registrations } from './registrations.ts';
import type { Resolved } from './resolve.ts';

export interface DirectoryService {
  readonly here: string;
  readonly directory: Directory;
  readonly registrations: Registrations;
  readonly security: Pick<SecurityLog, 'record'>;
  readonly resolve: (target: DirTarget) => Resolved;
  /** The address of a host for other hosts; undefined if unknown. */
  readonly addressOf: (host: string) => string | undefined;
  /** 0 = not listening. */
  readonly redirectorPort: () => number;
  readonly sharing: () => DirSharingState;
}

/** The procedures of umldir.x; errors become `failed` answers. */
export function directoryHandlers(service: DirectoryService): Handlers<typeof umldir> {
  const { here, directory, registrations, security, sharing } = service;
  return {
    null: () => undefined,
    getPort: (target) => answer(() => ({ kind: 'ok', port: portOf(service, target) })),
    list: (after) => ({ kind: 'ok', list: { here, state: sharing(), ...directory.list(after) } }),
    watch: ({ since, waitMs }, caller) =>
      answer(async () => ({
        kind: 'ok',
        list: await directory.watch(since, waitMs, peerOf(caller), caller.signal),
      })),
    register: async (vm, caller) => {
      const answered = await answer(() => {
        registrations.register(checkVm(vm), caller);
        return { kind: 'ok' as const };
      });
      if (answered.kind === 'failed')
        security.record({
          kind: 'registration',
          // The uid of a client over TCP is unknown.
          who: caller.uid === nobody.uid ? 'a client over TCP' : `uid ${caller.uid}`,
          what: `${vm.name}: ${answered.why.cause}`,
          result: answered.why.code,
          peer: peerOf(caller).key,
        });
      return answered;
    },
  };
}

function portOf({ here, resolve, addressOf, redirectorPort }: DirectoryService, target: DirTarget): DirPort {
  const { host, vm } = resolve(target);
  const own = isAnyAddress(vm.address) ? '' : vm.address;
  const address = own || (host === here ? '' : (addressOf(host) ?? host));
  // Other hosts cannot reach a loopback address.
  const isReachable = !isLoopback(own);
  return {
    host,
    address: isReachable ? address : '',
    port: isReachable ? vm.port : 0,
    redirector: redirectorPort(),
  };
}

function checkVm(vm: DirVm): DirVm {
  const damage = vmNameDamage(vm.name);
  const isAddress = vm.address === '' || isIP(vm.address) > 0;
  if (!damage && isAddress && vm.port <= 65_535) return vm;
  throw new UmlmonError('DIRECTORY_LOCAL', {
    place: 'umldir',
    cause: damage?.cause ?? `a monitor cannot listen on ${vm.address}:${vm.port}`,
  });
}

/** The answer of `work`; an error becomes a `failed` answer. */
async function answer<A>(work: () => A | Promise<A>): Promise<A | { kind: 'failed'; why: DirFailure }> {
  try {
    return await work();
  } catch (error) {
    return { kind: 'failed', why: clippedDirFailure(error) };
  }
}
