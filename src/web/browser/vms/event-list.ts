import type { WireEvent } from '../../wire.ts';
import { h } from '../dom.ts';
import { clockText } from '../format.ts';

const shown = 60;

/** The newest events, the newest first. */
export class EventList {
  readonly #list = h('ol');
  readonly element = h(
    'div',
    { class: 'events', role: 'log', 'aria-label': 'Events', 'aria-live': 'off', tabindex: 0 },
    this.#list,
  );
  #drawn: WireEvent | undefined;
  #count = -1;

  draw(events: readonly WireEvent[]): void {
    if (events.at(-1) === this.#drawn && events.length === this.#count) return;
    this.#drawn = events.at(-1);
    this.#count = events.length;
    const newest = events.slice(-shown).reverse();
    const items = newest.map(({ vm, time, kind, text }) =>
      h(
        'li',
        { 'data-kind': kind },
        h('time', { datetime: new Date(time).toISOString() }, clockText(time)),
        h('a', { href: `#/vm/${vm}` }, vm),
        h('span', {}, `${kind}: ${text}`),
      ),
    );
    this.#list.replaceChildren(
      ...(items.length > 0 ? items : [h('li', { class: 'quiet' }, 'No events yet')]),
    );
  }
}
