import type { WireSession } from '../wire.ts';
import { clearOutcomes } from './action-results.ts';
import { loadSession, logOut, whenLoggedOut } from './api.ts';
import { consolePage } from './console/console-page.ts';
import { clearNotes, say } from './dialog.ts';
import { h } from './dom.ts';
import { allowOwnStyles } from './strict-styles.ts';
import { applyTheme, themeSwitch } from './theme.ts';
import type { View } from './view.ts';
import { dashboard } from './vms/dashboard.ts';
import { loginPage } from './vms/login-page.ts';
import { vmPage } from './vms/vm-page.ts';
import { VmStore } from './vms/vm-store.ts';

let endSession: () => void = () => undefined;

/** `#/vm/NAME/TAB` → `['vm', 'NAME', 'TAB']` */
function place(): string[] {
  try {
    return location.hash.replace(/^#\//, '').split('/').map(decodeURIComponent);
  } catch {
    // The address contains a % that is not an escape.
    return [];
  }
}

function viewOf(store: VmStore, session: WireSession): View {
  const [kind, vm = '', more = ''] = place();
  if (kind === 'vm') return vmPage(store, session, vm, more);
  if (kind === 'console') return consolePage(store, session, vm, more);
  return dashboard(store, session);
}

function showSession(session: WireSession): void {
  const store = new VmStore();
  const main = h('main', { id: 'main', tabindex: -1 });
  const line = h('span', { class: 'line', role: 'status' });
  const header = h(
    'header',
    {},
    h(
      'a',
      { class: 'skip', href: '#main', onclick: (event: Event) => focusMain(event, main) },
      'Skip to content',
    ),
    h('a', { class: 'brand', href: '#/' }, 'umlweb'),
    line,
    themeSwitch(),
    h('button', { type: 'button', onclick: () => void logOut().catch(showError) }, 'Log out'),
  );
  document.body.replaceChildren(header, main);

  let view: View | undefined;
  let shown: string[] = [];
  const show = () => {
    const before = shown;
    shown = place();
    const wasInside = main.contains(document.activeElement);
    view?.close();
    clearNotes();
    view = viewOf(store, session);
    document.title = `${view.title} – umlweb`;
    document.body.dataset.page = shown[0] || 'dashboard';
    main.replaceChildren(view.element);
    // Another page starts at its top, with the keyboard focus; another tab of the same page keeps the focus on its link.
    scrollTo(0, 0);
    const isSame = before[0] === shown[0] && before[1] === shown[1];
    const tab = isSame ? main.querySelector<HTMLElement>('.tabs [aria-current="page"]') : null;
    if (wasInside) (tab ?? main).focus({ preventScroll: true });
  };
  const drawLine = () => {
    line.textContent = store.isUp ? '' : 'No connection. Reconnecting…';
  };
  store.watch(drawLine);
  window.addEventListener('hashchange', show);
  endSession = () => {
    window.removeEventListener('hashchange', show);
    view?.close();
    store.close();
    clearOutcomes();
    showLogin();
  };
  show();
}

function showLogin(): void {
  endSession = () => undefined;
  document.title = 'umlweb';
  document.body.dataset.page = 'login';
  document.body.replaceChildren(loginPage(showSession));
}

function focusMain(event: Event, main: HTMLElement): void {
  event.preventDefault();
  main.focus();
}

function showError(error: unknown): void {
  say(error instanceof Error ? error.message : String(error), true);
}

applyTheme();
allowOwnStyles();
whenLoggedOut(() => endSession());
loadSession().then(
  (session) => (session ? showSession(session) : showLogin()),
  (error: unknown) => {
    showLogin();
    showError(error);
  },
);
