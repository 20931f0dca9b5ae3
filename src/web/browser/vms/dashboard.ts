import type { WireSession } from '../../wire.ts';
import { watchOutcomes } from '../action-results.ts';
import { fitted, refit } from '../console/fitting.ts';
import { h, headRow, setText } from '../dom.ts';
import type { View } from '../view.ts';
import { EventList } from './event-list.ts';
import { stateOf } from './state-badge.ts';
import { measures, searchTextOf, VmRow } from './vm-row.ts';
import type { VmStore } from './vm-store.ts';

/** All VMs, live. */
export function dashboard(store: VmStore, session: WireSession): View {
  const rows = new Map<string, VmRow>();
  const summary = h('p', { class: 'summary', role: 'status' });
  const filter = h('input', {
    type: 'search',
    class: 'filter',
    placeholder: 'Filter by name or state',
    'aria-label': 'Filter by name or state',
    'aria-keyshortcuts': '/',
  });
  const body = h('tbody', { role: 'rowgroup' });
  const events = new EventList();
  const heads = ['Name', 'State', 'Since', ...measures.map(({ label }) => label), 'Actions'];
  const place = fitted(
    h(
      'div',
      { class: 'fitting' },
      h('table', { class: 'vms', role: 'table', 'aria-label': 'Virtual machines' }, headRow(heads), body),
    ),
  );
  const warnings = h('div', { role: 'status' });
  const none = h('p', { class: 'quiet', hidden: true }, 'No VM matches.');
  const element = h(
    'div',
    { class: 'dashboard' },
    h('div', { class: 'bar' }, h('h1', {}, 'Virtual machines'), summary, filter),
    warnings,
    place,
    none,
    h(
      'section',
      { 'aria-labelledby': 'events-title' },
      h('h2', { id: 'events-title' }, 'Events'),
      events.element,
    ),
  );

  const draw = () => {
    for (const name of rows.keys()) if (!store.vms.has(name)) rows.delete(name);
    for (const name of store.vms.keys()) if (!rows.has(name)) rows.set(name, new VmRow(name, session));
    const wanted = filter.value.toLowerCase().split(/\s+/);
    const shown = [...store.vms.values()].filter((known) =>
      wanted.every((word) => searchTextOf(known).includes(word)),
    );
    for (const known of store.vms.values()) rows.get(known.name)?.draw(known);
    const elements = shown.flatMap(({ name }) => rows.get(name)?.element ?? []);
    const isSame =
      elements.length === body.children.length && elements.every((row, at) => body.children[at] === row);
    if (!isSame) body.replaceChildren(...elements);
    place.hidden = shown.length === 0;
    refit(place);
    none.hidden = shown.length > 0;
    setText(none, store.vms.size > 0 ? 'No VM matches.' : store.isUp ? 'No VMs are configured.' : 'Loading…');
    setText(summary, countsText(store));
    drawWarnings(warnings, store);
    events.draw(store.events);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    filter.focus();
  };
  filter.addEventListener('input', draw);
  document.addEventListener('keydown', onKey);
  const leaves = [store.watch(draw), watchOutcomes(draw)];
  // Spans grow also when nothing happens.
  const timer = setInterval(draw, 10_000);
  draw();
  return {
    title: 'Virtual machines',
    element,
    close: () => {
      for (const leave of leaves) leave();
      clearInterval(timer);
      document.removeEventListener('keydown', onKey);
    },
  };
}

/** Drawn only when it changes, since it is read aloud. */
function drawWarnings(element: HTMLElement, { warnings }: VmStore): void {
  const isSame = warnings.length === element.children.length;
  if (isSame && warnings.every((line, at) => element.children[at]?.textContent === line)) return;
  element.replaceChildren(...warnings.map((line) => h('p', { class: 'problem' }, line)));
}

function countsText({ vms }: VmStore): string {
  const counts = new Map<string, number>();
  for (const { vm } of vms.values()) {
    const { word } = stateOf(vm);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
}
