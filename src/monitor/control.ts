import { clipText } from '../rpc/clip-text.ts';
import type { Caller, Handlers } from '../rpc/codec/program.ts';
import { peerOf } from '../rpc/server/peer.ts';
import {
  type OperationAnswer,
  UMLMON_REPLAY_MAX,
  UMLMON_REPLY_MAX,
  type umlmonctrl,
} from '../rpc/umlmonctrl.gen.ts';
import type { SecurityLog } from '../system/logs/security-log.ts';
import { answer, answerWithWords } from './answer.ts';
import { Viewers } from './consoles/viewers.ts';
import { diskHandlers, type ImageParts } from './disks/disk-handlers.ts';
import type { DiskPlugs } from './disks/disk-verbs.ts';
import { guardHandlers } from './endpoints/guard.ts';
import type { ControlSessions } from './endpoints/sessions.ts';
import { Management } from './guest/management.ts';
import type { NetworkPlugs } from './networks/network-verbs.ts';
import type { OperationResult } from './operations.ts';
import type { VmPlanner } from './start/plan-start.ts';
import type { Vm } from './vm.ts';

export interface ControlParts {
  readonly security: SecurityLog;
  readonly planner: VmPlanner;
}

/** The procedures of umlmonctrl.x: each calls the monitor, and answers `failed` if that throws. */
export function controlHandlers(
  vm: Vm,
  { disks, networks }: { readonly disks: DiskPlugs; readonly networks: NetworkPlugs },
  images: ImageParts,
  sessions: ControlSessions,
  { security, planner }: ControlParts,
): Handlers<typeof umlmonctrl> {
  const nameOf = (caller: Caller) => sessions.nameOf(caller);
  const viewers = new Viewers(vm);
  const management = new Management(vm);
  const operation = (work: Promise<OperationResult>) =>
    // The role for operations includes reading consoles.
    answerWithWords(async (): Promise<OperationAnswer> => ({ kind: 'ok', report: report(vm, await work) }));
  const handlers: Handlers<typeof umlmonctrl> = {
    null: () => undefined,
    authBegin: (message, caller) => answer(() => ({ kind: 'ok', step: sessions.begin(message, caller) })),
    authFinish: (message, caller) => answer(() => ({ kind: 'ok', step: sessions.finish(message, caller) })),
    actFor: (args, caller) => answer(() => ({ kind: 'ok', role: sessions.actFor(args, caller) })),
    info: () => answer(() => ({ kind: 'ok', info: vm.info() })),
    written: () => answer(() => ({ kind: 'ok', written: planner.written() })),
    plan: () =>
      answer(async () => ({ kind: 'ok', plan: clipText(await planner.explain(), UMLMON_REPLY_MAX) })),
    security: () =>
      answer(() => ({ kind: 'ok', list: { events: [...security.held()], dropped: security.dropped } })),
    start: (_args, caller) => operation(vm.start(nameOf(caller))),
    stop: ({ timeoutMs }, caller) => operation(vm.stop(nameOf(caller), timeoutMs)),
    kill: (_args, caller) => operation(vm.kill(nameOf(caller))),
    ctrlAltDel: (_args, caller) =>
      answer(async () => {
        await management.ctrlAltDel(nameOf(caller));
        return { kind: 'ok' };
      }),
    mconsole: (line, caller) =>
      answer(async () => ({
        kind: 'ok',
        reply: await management.command(line, nameOf(caller), peerOf(caller), caller.signal),
      })),
    pause: (_args, caller) =>
      answer(async () => ({ kind: 'ok', paused: await management.pause(nameOf(caller)) })),
    memTrim: (_args, caller) =>
      answer(async () => ({ kind: 'ok', report: await management.trim(nameOf(caller)) })),
    stats: () => answer(async () => ({ kind: 'ok', stats: await vm.stats.of(vm.running().kernel) })),
    resume: (_args, caller) =>
      answer(async () => {
        await management.resume(nameOf(caller));
        return { kind: 'ok' };
      }),
    plug: (args, caller) =>
      answer(async () => {
        await disks.plug(nameOf(caller), args);
        return { kind: 'ok' };
      }),
    unplug: (unit, caller) =>
      answer(async () => {
        await disks.unplug(nameOf(caller), unit);
        return { kind: 'ok' };
      }),
    plugNetwork: (args, caller) =>
      answer(async () => {
        await networks.plug(nameOf(caller), caller, args);
        return { kind: 'ok' };
      }),
    unplugNetwork: (unit, caller) =>
      answer(async () => {
        await networks.unplug(nameOf(caller), unit);
        return { kind: 'ok' };
      }),
    consoleAttach: (args, caller) =>
      answer(() => ({ kind: 'ok', attached: viewers.attach(args, caller, nameOf(caller)) })),
    consoleRead: (args, caller) =>
      answer(async () => ({ kind: 'ok', bytes: await viewers.read(args, caller) })),
    consoleWrite: (args, caller) =>
      answer(async () => ({ kind: 'ok', accepted: await viewers.write(args, caller) })),
    consoleResize: ({ id, columns, rows }, caller) =>
      answer(() => {
        viewers.resize(id, { columns, rows }, caller);
        return { kind: 'ok' };
      }),
    consoleDetach: (id, caller) =>
      answer(() => {
        viewers.detach(id, caller);
        return { kind: 'ok' };
      }),
    consoleControl: ({ id, action }, caller) =>
      answer(() => ({ kind: 'ok', control: viewers.control(id, action, caller) })),
    consoleWho: (channel) => answer(() => ({ kind: 'ok', list: viewers.who(channel) })),
    consoleReplay: ({ channel, history }, caller) =>
      answer(async () => {
        const size = { history, bytes: UMLMON_REPLAY_MAX };
        return {
          kind: 'ok',
          replay: await vm.screens.replay(vm.channels.get(channel), size, peerOf(caller)),
        };
      }),
    consolePicture: ({ channel, history }, caller) =>
      answer(async () => {
        const size = { history, bytes: UMLMON_REPLAY_MAX };
        return {
          kind: 'ok',
          picture: await vm.screens.picture(vm.channels.get(channel), size, peerOf(caller)),
        };
      }),
    consoleNote: ({ channel, text }, caller) =>
      answer(() => {
        viewers.note(channel, text, nameOf(caller));
        return { kind: 'ok' };
      }),
    logRead: (args, caller) =>
      answer(async () => ({
        kind: 'ok',
        bytes: await vm.channels.readLog(args, peerOf(caller), caller.signal),
      })),
    crashList: () => answer(() => ({ kind: 'ok', list: vm.crashes.list() })),
    backup: ({ name }, caller) => operation(vm.backup(nameOf(caller), name)),
    restore: ({ name }, caller) => operation(vm.restore(nameOf(caller), name)),
    backupList: () => answer(async () => ({ kind: 'ok', list: await vm.backups.list() })),
    crashRead: (args) => answer(() => ({ kind: 'ok', bytes: vm.crashes.read(args) })),
    events: ({ since, max, waitMs }, caller) =>
      answer(async () => ({
        kind: 'ok',
        list: await vm.events.read(since, max, waitMs, { peer: peerOf(caller), signal: caller.signal }),
      })),
    update: (args) => answer(() => ({ kind: 'ok', list: { changes: vm.settings.update(args) } })),
    ...diskHandlers(images, sessions),
  };
  return guardHandlers(handlers, sessions, { security, settings: vm.settings });
}

function report(vm: Vm, { operation, joined, summary }: OperationResult) {
  return {
    id: operation.id,
    joined,
    state: vm.state,
    elapsedMs: Math.round(performance.now() - operation.began),
    summary,
  };
}
