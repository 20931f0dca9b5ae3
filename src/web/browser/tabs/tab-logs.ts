import type { LogHits } from '../../vms/log-search.ts';
import { fetchVm } from '../api.ts';
import { h } from '../dom.ts';
import { bytesText, plainText } from '../format.ts';
import { load } from '../load.ts';
import type { ShownTab, TabPlace } from './tab.ts';

interface LogPiece {
  readonly text: string;
  readonly bytes: number;
  readonly offset: number;
  readonly oldest: number;
  readonly end: number;
}

/** Bytes that are shown at a time: what one read gives. */
const pieceBytes = 65536;

/** The logs of the consoles: read from the end, leaf through, search. */
export function showLogs({ vm, store, content }: TabPlace): ShownTab {
  const channel = h('select', { 'aria-label': 'Channel' });
  const words = h('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': 'Search in the whole log',
  });
  const older = h('button', { type: 'button', onclick: () => show(from - pieceBytes) }, 'Older');
  const newer = h('button', { type: 'button', onclick: () => show(from + pieceBytes) }, 'Newer');
  const newest = h('button', { type: 'button', onclick: () => show(undefined) }, 'Newest');
  const shown = h('div', { class: 'log' });
  let from = 0;

  const show = (wanted: number | undefined) =>
    void load(shown, async () => {
      const read = (offset: number) =>
        fetchVm<LogPiece>(vm, 'log', { channel: channel.value, offset: String(Math.max(0, offset)) });
      const { oldest, end } = await read(Number.MAX_SAFE_INTEGER);
      from = Math.max(oldest, Math.min(wanted ?? end, end - pieceBytes));
      const { text, offset, bytes } = await read(from);
      older.disabled = from <= oldest;
      newer.disabled = offset + bytes >= end;
      const place = `${bytesText(offset - oldest)} to ${bytesText(offset + bytes - oldest)} of ${bytesText(end - oldest)}`;
      const pre = h('pre', { tabindex: 0 }, plainText(text) || '(empty)');
      if (wanted === undefined) setTimeout(() => pre.scrollTo(0, pre.scrollHeight));
      return h('div', {}, h('p', { class: 'quiet' }, place), pre);
    });
  const find = () =>
    void load(shown, async () => {
      const query = { channel: channel.value, text: words.value };
      const { hits, isAll } = await fetchVm<LogHits>(vm, 'find', query);
      const lines = hits.map(({ offset, line }) =>
        h('li', {}, h('button', { type: 'button', onclick: () => show(offset) }, plainText(line))),
      );
      const count = `${hits.length} lines${isAll ? '' : ' (newest part of the log)'}`;
      return h(
        'div',
        {},
        h('p', { class: 'quiet', role: 'status' }, count),
        h('ol', { class: 'hits' }, ...lines),
      );
    });

  const form = h(
    'form',
    {
      class: 'bar',
      role: 'search',
      onsubmit: (event: Event) => {
        event.preventDefault();
        if (words.value) find();
        else show(undefined);
      },
    },
    channel,
    words,
    h('button', { type: 'submit' }, 'Search'),
    older,
    newer,
    newest,
  );
  channel.addEventListener('change', () => show(undefined));
  content.replaceChildren(form, shown);
  return {
    draw: () => {
      const channels = store.vms.get(vm)?.vm?.consoles ?? [];
      if (channel.options.length > 0 || channels.length === 0) return;
      channel.replaceChildren(...channels.map((name) => h('option', {}, name)));
      show(undefined);
    },
  };
}
