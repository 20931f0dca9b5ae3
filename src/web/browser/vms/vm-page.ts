import type { WireSession } from '../../wire.ts';
import { watchOutcomes } from '../action-results.ts';
import { ActionButtons } from '../actions.ts';
import { h } from '../dom.ts';
import { mayDo } from '../roles.ts';
import { tabs } from '../tabs/vm-tabs.ts';
import type { View } from '../view.ts';
import { StateBadge } from './state-badge.ts';
import type { VmStore } from './vm-store.ts';
import { VmWarnings } from './vm-warnings.ts';

/** One VM: what it is, and what can be done with it. */
export function vmPage(store: VmStore, session: WireSession, vm: string, wanted: string): View {
  const allowed = tabs.filter(({ role }) => mayDo(session, vm, role));
  const tab = allowed.find(({ path }) => path === wanted) ?? allowed[0];
  const badge = new StateBadge();
  const warnings = new VmWarnings(vm);
  const actions = mayDo(session, vm, 'operate') ? new ActionButtons(vm) : undefined;
  const consoleLink = h('a', { class: 'button primary' }, 'Console');
  const content = h('section', { class: 'content', 'aria-live': 'off' });
  const element = h(
    'div',
    { class: 'vm' },
    h(
      'div',
      { class: 'bar' },
      h('h1', {}, vm),
      badge.element,
      h('div', { class: 'buttons' }, consoleLink, actions?.element),
    ),
    warnings.element,
    h(
      'nav',
      { class: 'tabs', 'aria-label': `About ${vm}` },
      ...allowed.map(({ path, label }) =>
        h('a', { href: `#/vm/${vm}/${path}`, 'aria-current': path === tab?.path ? 'page' : null }, label),
      ),
    ),
    content,
  );

  const shown = tab?.show({ vm, store, session, content });
  const draw = () => {
    const known = store.vms.get(vm);
    badge.draw(known?.vm);
    actions?.draw(known?.vm);
    warnings.draw(known?.vm, known || store.vms.size === 0 ? '' : 'This VM does not exist.');
    const channel = known?.vm?.consoles.includes('con1') ? 'con1' : known?.vm?.consoles[0];
    consoleLink.hidden = channel === undefined || !mayDo(session, vm, 'console');
    consoleLink.href = `#/console/${vm}/${channel}`;
    shown?.draw?.();
  };
  const leaves = [store.watch(draw), watchOutcomes(draw)];
  draw();
  return {
    title: vm,
    element,
    close: () => {
      for (const leave of leaves) leave();
      shown?.close?.();
    },
  };
}
