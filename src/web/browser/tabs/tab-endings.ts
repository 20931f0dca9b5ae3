import type { CrashList, VmInfo } from '../../../rpc/umlmonctrl.gen.ts';
import { fetchVm } from '../api.ts';
import { facts, h } from '../dom.ts';
import { bytesText, dateText, plainText } from '../format.ts';
import { load } from '../load.ts';
import type { ShownTab, TabPlace } from './tab.ts';

/** The last exit of the VM, and its crash bundles. */
export function showEndings({ vm, content }: TabPlace): ShownTab {
  const words = h('pre', { tabindex: 0 });
  const loaded = load(content, async () => {
    const [{ lastExit }, { bundles, lost }] = await Promise.all([
      fetchVm<VmInfo>(vm, 'info'),
      fetchVm<CrashList>(vm, 'crashes'),
    ]);
    const last = lastExit
      ? facts([
          ['When', dateText(lastExit.endedAt)],
          ['Cause', lastExit.cause],
          ['Requested by', lastExit.askedBy],
          ['Signal', lastExit.signal > 0 ? String(lastExit.signal) : ''],
          ['Exit status', lastExit.code >= 0 ? String(lastExit.code) : ''],
          ['Why', lastExit.why],
          ['Panic', lastExit.panic],
          ['Reason', lastExit.con0Reason === lastExit.panic ? '' : lastExit.con0Reason],
        ])
      : h('p', { class: 'quiet' }, 'The VM has not exited yet.');
    words.textContent = plainText(lastExit?.lastLines ?? '');
    return h(
      'div',
      {},
      h('h2', {}, 'Last exit'),
      last,
      words.textContent ? words : null,
      h('h2', {}, 'Crash bundles'),
      lost > 0 ? h('p', { class: 'error' }, `${lost} crash bundles could not be saved.`) : null,
      bundles.length === 0 ? h('p', { class: 'quiet' }, 'No crash bundles.') : null,
      ...bundles.toReversed().map((bundle) => showBundle(vm, bundle)),
    );
  });
  // The last lines are the most useful.
  void loaded.then(() => words.scrollTo(0, words.scrollHeight));
  return {};
}

function showBundle(
  vm: string,
  { name, endedAt, cause, panic, files }: CrashList['bundles'][number],
): HTMLElement {
  const shown = h('pre', { tabindex: 0, hidden: true });
  const open = (file: string) => {
    shown.hidden = false;
    void load(shown, async () => {
      const { text, size } = await fetchVm<{ text: string; size: number }>(vm, 'crash', {
        bundle: name,
        file,
      });
      const rest = size - new TextEncoder().encode(text).length;
      const note =
        rest > 0 ? `\n… and ${bytesText(rest)} more. Show all with: umlwatch ${vm} -crash ${name}` : '';
      return document.createTextNode(plainText(text) + note);
    });
  };
  const buttons = files.map(({ path, bytes }) =>
    h('button', { type: 'button', onclick: () => open(path) }, `${path}, ${bytesText(bytes)}`),
  );
  return h(
    'details',
    { class: 'bundle' },
    h('summary', {}, `${dateText(endedAt)}: ${cause}`, panic ? ` – ${panic}` : ''),
    h('div', { class: 'buttons' }, ...buttons),
    shown,
  );
}
