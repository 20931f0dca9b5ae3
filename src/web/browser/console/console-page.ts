import type { WireSession } from '../../wire.ts';
import { say } from '../dialog.ts';
import { h, setText } from '../dom.ts';
import { mayDo } from '../roles.ts';
import type { View } from '../view.ts';
import { StateBadge } from '../vms/state-badge.ts';
import type { VmStore } from '../vms/vm-store.ts';
import { ConsoleLink } from './console-link.ts';
import { KeyBar } from './key-bar.ts';
import { TerminalView } from './terminal-view.ts';
import { followVisibleHeight } from './visible-height.ts';

/** A console of a VM, with tabs for the others. */
export function consolePage(store: VmStore, session: WireSession, vm: string, channel: string): View {
  const title = `${channel} of ${vm}`;
  if (!mayDo(session, vm, 'console'))
    return {
      title,
      element: h('p', {}, `Your role does not include the consoles of ${vm}.`),
      close: () => undefined,
    };

  const badge = new StateBadge();
  const tabs = h('nav', { class: 'tabs', 'aria-label': 'Consoles' });
  const status = h('span', { class: 'line', role: 'status' });
  const search = h('input', { type: 'search', placeholder: 'Search', 'aria-label': 'Search in the output' });
  const terminal = new TerminalView({
    onType: (bytes) => link.type(bytes),
    onText: (text) => keys.take(text),
    onSize: (columns, rows) => link.resize(columns, rows),
    onSearch: () => {
      showTools(true);
      search.focus();
    },
    onLeave: () => tabs.querySelector<HTMLElement>('[aria-current]')?.focus(),
  });
  const keys = new KeyBar({
    type: (text) => terminal.type(text),
    isApplication: () => terminal.isApplication,
  });
  const link = new ConsoleLink(vm, channel, {
    write: (bytes) => terminal.write(bytes),
    draw: (bytes, size) => terminal.draw(bytes, size),
    writer: (other) => {
      setText(writer, other ? `${other} controls this console; you are viewing` : '');
      viewer.hidden = other === '';
    },
    waits: (keys) =>
      setText(status, keys > 0 ? `the guest is not reading its input; ${keys} bytes are waiting` : ''),
    dropped: (keys) => setText(status, `${keys} bytes of input were dropped`),
    say: (text) => terminal.say(text),
    state: (text) => {
      setText(status, text);
      element.dataset.link = text ? 'down' : 'up';
    },
  });
  const take = h('button', { type: 'button', onclick: () => takeOver() }, 'Take control');
  const writer = h('span');
  const viewer = h('div', { class: 'viewer', role: 'status', hidden: true }, writer, take);
  const takeOver = () => {
    link.take();
    terminal.focus();
  };
  const find = (isBackwards: boolean) => {
    const isFound = terminal.find(search.value, isBackwards);
    search.setAttribute('aria-invalid', String(!isFound && search.value !== ''));
  };
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') find(!event.shiftKey);
    else if (event.key === 'Escape') terminal.focus();
  });
  const button = (text: string, label: string, onclick: () => void) =>
    h('button', { type: 'button', 'aria-label': label, title: label, onclick }, text);
  const clipboard = navigator.clipboard
    ? [
        button('Copy', 'Copy the selection (Ctrl-Shift-C)', () => void terminal.copy().catch(complain)),
        button('Paste', 'Paste (Ctrl-Shift-V)', () => void terminal.paste().catch(complain)),
      ]
    : [];
  const toolbar = h(
    'div',
    { class: 'toolbar', id: 'tools', role: 'toolbar', 'aria-label': 'Terminal' },
    search,
    button('↑', 'Search upwards (Enter)', () => find(true)),
    button('↓', 'Search downwards (Shift-Enter)', () => find(false)),
    button('A−', 'A− smaller text', () => terminal.grow(-1)),
    button('A+', 'A+ larger text', () => terminal.grow(1)),
    ...clipboard,
  );
  // Where there is little room they are shown when they are wanted.
  const showTools = (isOpen: boolean) => {
    toolbar.classList.toggle('open', isOpen);
    more.setAttribute('aria-expanded', String(isOpen));
  };
  const more = h(
    'button',
    {
      type: 'button',
      class: 'more',
      'aria-controls': 'tools',
      'aria-expanded': 'false',
      onclick: () => showTools(!toolbar.classList.contains('open')),
    },
    'Tools',
  );
  const element = h(
    'div',
    { class: 'console', 'data-link': 'down' },
    h(
      'div',
      { class: 'bar' },
      h('h1', {}, h('a', { href: `#/vm/${vm}` }, vm)),
      badge.element,
      tabs,
      status,
      more,
      toolbar,
    ),
    viewer,
    terminal.element,
    keys.element,
    h('p', { class: 'quiet hint' }, 'Ctrl-Shift-E leaves the terminal, Ctrl-Shift-F searches.'),
  );

  let drawn = '';
  const draw = () => {
    const known = store.vms.get(vm)?.vm;
    badge.draw(known);
    const channels = known?.consoles.length ? known.consoles : [channel];
    if (channels.join() === drawn) return;
    drawn = channels.join();
    tabs.replaceChildren(
      ...channels.map((name) =>
        h('a', { href: `#/console/${vm}/${name}`, 'aria-current': name === channel ? 'page' : null }, name),
      ),
    );
  };
  const leaves = [store.watch(draw), followVisibleHeight()];
  draw();
  setTimeout(() => {
    if (!element.isConnected) return;
    terminal.open();
    link.resize(terminal.size.columns, terminal.size.rows);
  });
  return {
    title,
    element,
    close: () => {
      for (const leave of leaves) leave();
      link.close();
      terminal.close();
    },
  };
}

function complain(error: unknown): void {
  say(`Clipboard error: ${error instanceof Error ? error.message : String(error)}`, true);
}
