import type { CrashList, VmInfo } from '../../../rpc/umlmonctrl.gen.ts';
import { readVm } from '../api.ts';
import { facts, h } from '../dom.ts';
import { bytesText, dateText, plainText } from '../format.ts';
import { load } from '../load.ts';
import type { Shown, TabPlace } from './tab.ts';

/** How the VM ended last, and what was kept of each death that nobody asked for. */
export function showEndings({ vm, content }: TabPlace): Shown {
  const words = h('pre', { tabindex: 0 });
  const loaded = load(content, async () => {
    const [{ lastExit }, { bundles, lost }] = await Promise.all([
      readVm<VmInfo>(vm, 'info'),
      readVm<CrashList>(vm, 'crashes'),
    ]);
    const last = lastExit
      ? facts([
          ['When', dateText(lastExit.endedAt)],
          ['Cause', lastExit.cause],
          ['Asked for by', lastExit.askedBy],
          ['Signal', lastExit.signal > 0 ? String(lastExit.signal) : ''],
          ['Exit status', lastExit.code >= 0 ? String(lastExit.code) : ''],
          ['Why', lastExit.why],
          ['Panic', lastExit.panic],
          ['Reason', lastExit.con0Reason === lastExit.panic ? '' : lastExit.con0Reason],
        ])
      : h('p', { class: 'quiet' }, 'It has not ended yet.');
    words.textContent = plainText(lastExit?.lastLines ?? '');
    return h(
      'div',
      {},
      h('h2', {}, 'Last ending'),
      last,
      words.textContent ? words : null,
      h('h2', {}, 'Crash bundles'),
      lost > 0 ? h('p', { class: 'error' }, `${lost} could not be kept.`) : null,
      bundles.length === 0 ? h('p', { class: 'quiet' }, 'There are none.') : null,
      ...bundles.toReversed().map((bundle) => showBundle(vm, bundle)),
    );
  });
  // What was said last tells most.
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
      const { text, size } = await readVm<{ text: string; size: number }>(vm, 'crash', {
        bundle: name,
        file,
      });
      const rest = size - new TextEncoder().encode(text).length;
      const note = rest > 0 ? `\n… and ${bytesText(rest)} more: umlwatch -crash shows all` : '';
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
