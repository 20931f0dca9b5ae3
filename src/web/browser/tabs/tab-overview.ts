import type { BackupList, JobList, VmInfo } from '../../../rpc/umlmonctrl.gen.ts';
import { fetchVm } from '../api.ts';
import { facts, h, setText, tableElement } from '../dom.ts';
import { bytesText, dateText, spanText } from '../format.ts';
import { load } from '../load.ts';
import { mayDo } from '../roles.ts';
import { EventList } from '../vms/event-list.ts';
import { Graph } from '../vms/graph.ts';
import { measures, topOf, valueText } from '../vms/vm-row.ts';
import type { ShownTab, TabPlace } from './tab.ts';

/** State, graphs and events of a VM. */
export function showOverview({ vm, store, session, content }: TabPlace): ShownTab {
  const graphs = measures.map(({ measure, label }) => {
    const [graph, text] = [new Graph(measure), h('strong')];
    const element = h('div', { class: 'meter' }, h('div', {}, h('span', {}, label), text), graph.element);
    return { measure, graph, text, element };
  });
  const about = h('div');
  const more = h('div');
  const events = new EventList();
  content.replaceChildren(
    h('div', { class: 'meters' }, ...graphs.map(({ element }) => element)),
    about,
    more,
    h('h2', {}, 'Events'),
    events.element,
  );
  void load(more, () => readMore(vm));
  let drawn = '';
  return {
    draw: () => {
      const known = store.vms.get(vm);
      for (const { measure, graph, text } of graphs) {
        graph.draw(known?.history ?? [], topOf(measure, known?.vm?.mem));
        setText(text, valueText(measure, known?.vm?.point[measure]) || '–');
      }
      const own = store.events.filter((event) => event.vm === vm);
      events.draw(own);
      // The information from the monitor changes with its events.
      const latest = `${known?.vm?.state} ${own.at(-1)?.sequence}`;
      if (latest === drawn) return;
      drawn = latest;
      void load(about, async () =>
        aboutVm(await fetchVm<VmInfo>(vm, 'info'), mayDo(session, vm, 'console') ? vm : undefined),
      );
    },
  };
}

/** @param linked names the VM in links to its consoles */
function aboutVm(info: VmInfo, linked: string | undefined): HTMLElement {
  const since = dateText(info.stateSince);
  const reached = info.readiness.reached.map(
    ({ level, elapsedMs }) => `${level} after ${elapsedMs / 1000} s`,
  );
  return h(
    'div',
    { class: 'columns' },
    facts([
      ['State', `${info.state} since ${since}`],
      ['In progress', info.operation],
      ['Ready', reached.join(', ')],
      ['Kernel', info.kernelVersion],
      ['Memory', bytesText(info.mem)],
      ['Host memory used', info.hostMemory > 0 ? bytesText(info.hostMemory) : ''],
      ['Host cores', info.cpus],
      ['User', info.user],
      [
        'Process',
        info.kernelPid > 0
          ? `kernel ${info.kernelPid}, monitor ${info.monitorPid}`
          : `monitor ${info.monitorPid}`,
      ],
      ['Paused', info.paused ? `since ${dateText(info.paused.since)} by ${info.paused.by}` : ''],
      ['Held', info.held?.why],
      ...info.networkWarnings.map(({ what, hint }) => ['Warning', `${what} (${hint})`] as const),
      ['Guest status', info.guestMessage],
      ...info.guestValues.map(({ name, value }) => [name, value] as const),
      ['Last warning', info.lastWarning],
    ]),
    tableElement(
      'Consoles',
      ['Channel', 'Viewers', 'Output', 'Input', 'Log'],
      info.consoles.map(({ channel, viewers, bytesOut, bytesIn, logged, logError }) => [
        linked === undefined ? channel : h('a', { href: `#/console/${linked}/${channel}` }, channel),
        String(viewers),
        bytesText(bytesOut),
        bytesText(bytesIn),
        logError || (logged ? 'yes' : 'no'),
      ]),
    ),
  );
}

async function readMore(vm: string): Promise<HTMLElement> {
  const [{ jobs }, { backups }] = await Promise.all([
    fetchVm<JobList>(vm, 'jobs'),
    fetchVm<BackupList>(vm, 'backups'),
  ]);
  return h(
    'div',
    { class: 'columns' },
    tableElement(
      'Backups',
      ['Name', 'Taken', 'Size', 'Guest', 'Pause'],
      backups
        .toReversed()
        .map(({ name, takenAt, bytes, consistency, pauseMs, sound }) => [
          name,
          dateText(takenAt),
          bytesText(bytes),
          sound ? consistency : `${consistency}, damaged`,
          `${pauseMs} ms`,
        ]),
    ),
    tableElement(
      'Jobs',
      ['Job', 'Image', 'State', 'Time'],
      jobs
        .toReversed()
        .map(({ name, subject, outcome, began, ended }) => [
          name,
          subject,
          outcome.state,
          spanText((ended || Date.now()) - began),
        ]),
    ),
  );
}
