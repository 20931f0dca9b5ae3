import { h } from './dom.ts';

/** Asks before something that hurts; resolves to whether it may be done. Escape is no. */
export function confirmed(title: string, text: string, verb: string): Promise<boolean> {
  const no = h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel');
  const yes = h('button', { type: 'button', class: 'danger', onclick: () => dialog.close('yes') }, verb);
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-text' },
    h('h2', { id: 'dialog-title' }, title),
    h('p', { id: 'dialog-text' }, text),
    h('div', { class: 'buttons' }, no, yes),
  );
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    dialog.showModal();
    no.focus();
  });
}

/** Takes all lines away, as they may cover what comes now. */
export function clearNotes(): void {
  region.replaceChildren();
}

const shownMs = 8000;
const region = h('div', { class: 'notes', role: 'status', 'aria-live': 'polite' });

/** A line at the edge of the page: it disappears by itself, or, for an error, when it is dismissed. */
export function say(text: string, isBad = false): void {
  if (!region.isConnected) document.body.append(region);
  const note = h('div', { class: isBad ? 'note bad' : 'note' }, text);
  const close = h('button', { type: 'button', 'aria-label': 'Dismiss', onclick: () => note.remove() }, '×');
  note.append(close);
  region.append(note);
  while (region.childElementCount > 4) region.firstElementChild?.remove();
  // What has failed is read before it goes.
  if (!isBad) setTimeout(() => note.remove(), shownMs);
}
