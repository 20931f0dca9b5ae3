import type { SecurityList } from '../../../rpc/umlmonctrl.gen.ts';
import { fetchVm } from '../api.ts';
import { h, tableElement } from '../dom.ts';
import { clockText } from '../format.ts';
import { load } from '../load.ts';
import type { ShownTab, TabPlace } from './tab.ts';

/** Who came in, who was refused, and who did what: the newest first. */
export function showSecurity({ vm, content }: TabPlace): ShownTab {
  void load(content, async () => {
    const { events, dropped } = await fetchVm<SecurityList>(vm, 'security');
    const rows = [...events]
      .reverse()
      .map(({ last, count, kind, who, from, what, result }) => [
        clockText(last),
        kind,
        who,
        from,
        what,
        result,
        count > 1 ? `${count} times` : '',
      ]);
    return h(
      'div',
      {},
      tableElement('Security events', ['Time', 'Kind', 'Who', 'From', 'What', 'Result', 'Count'], rows),
      dropped > 0 ? h('p', { class: 'quiet' }, `${dropped} older events are no longer stored.`) : null,
    );
  });
  return {};
}
