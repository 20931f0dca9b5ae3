import type { WireSession } from '../../wire.ts';
import { ActionButtons } from '../actions.ts';
import { h, setText } from '../dom.ts';
import { bytesText, spanText } from '../format.ts';
import { mayDo } from '../roles.ts';
import { Graph, type GraphMeasure } from './graph.ts';
import { StateBadge, stateOf } from './state-badge.ts';
import type { KnownVm } from './vm-store.ts';

export const measures: readonly { readonly measure: GraphMeasure; readonly label: string }[] = [
  { measure: 'cpu', label: 'CPU' },
  { measure: 'memory', label: 'Memory' },
  { measure: 'disk', label: 'Disk' },
  { measure: 'network', label: 'Network' },
];

/** A measured value for users; empty if unknown. */
export function valueText(measure: GraphMeasure, value: number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (measure === 'cpu') return `${Math.round(value)} %`;
  return measure === 'memory' ? bytesText(value) : `${bytesText(value)}/s`;
}

/** A VM in the table of the dashboard; its parts stay, so that the focus does. */
export class VmRow {
  readonly element: HTMLTableRowElement;
  readonly name: string;
  readonly #badge = new StateBadge();
  readonly #uptime = h('td', { role: 'cell', class: 'uptime', 'data-label': 'Since' });
  readonly #problem = h('div', { class: 'problem' });
  readonly #console: HTMLAnchorElement;
  readonly #actions: ActionButtons | undefined;
  readonly #graphs = measures.map(({ measure }) => ({ measure, graph: new Graph(measure), text: h('span') }));

  constructor(name: string, session: WireSession) {
    this.name = name;
    this.#console = h('a', { class: 'button', 'aria-label': `Console of ${name}` }, 'Console');
    this.#actions = mayDo(session, name, 'operate')
      ? new ActionButtons(name, ['start', 'stop', 'pause', 'resume', 'kill'])
      : undefined;
    const cells = this.#graphs.map(({ graph, text }, index) =>
      h('td', { role: 'cell', class: 'measure', 'data-label': measures[index]?.label }, graph.element, text),
    );
    const link = h('a', { href: `#/vm/${name}` }, name);
    const shown = mayDo(session, name, 'console') ? this.#console : null;
    this.element = h(
      'tr',
      { role: 'row' },
      h('th', { scope: 'row', role: 'rowheader' }, link, this.#problem),
      h('td', { role: 'cell', class: 'state', 'data-label': 'State' }, this.#badge.element),
      this.#uptime,
      ...cells,
      h(
        'td',
        { role: 'cell', class: 'row-actions' },
        h('div', { class: 'buttons' }, shown, this.#actions?.element),
      ),
    );
  }

  draw({ vm, history }: KnownVm): void {
    this.#badge.draw(vm);
    setText(this.#uptime, vm && vm.since > 0 ? spanText(Date.now() - vm.since) : '');
    setText(this.#problem, vm?.operation || vm?.problem || '');
    for (const { measure, graph, text } of this.#graphs) {
      graph.draw(history, topOf(measure, vm?.mem));
      setText(text, vm?.state === 'running' ? valueText(measure, vm.point[measure]) : '');
    }
    this.#actions?.draw(vm);
    const channel = vm?.consoles.includes('con1') ? 'con1' : vm?.consoles[0];
    this.#console.hidden = channel === undefined;
    this.#console.href = `#/console/${this.name}/${channel}`;
  }
}

export function topOf(measure: GraphMeasure, mem: number | undefined): number | undefined {
  if (measure === 'cpu') return 100;
  return measure === 'memory' && mem ? mem : undefined;
}

/** The text that the filter of the dashboard searches. */
export function searchTextOf({ name, vm }: KnownVm): string {
  return `${name} ${stateOf(vm).word} ${vm?.problem ? 'problem' : ''}`.toLowerCase();
}
