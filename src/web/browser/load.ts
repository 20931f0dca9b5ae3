import { h } from './dom.ts';

/**
 * Fills a place with what `work` makes, or with why it could not; a later load of the same place wins over an earlier one.
 */
export async function load(place: HTMLElement, work: () => Promise<Node>): Promise<void> {
  const mine = String(Number(place.dataset.load ?? 0) + 1);
  place.dataset.load = mine;
  place.setAttribute('aria-busy', 'true');
  let content: Node;
  try {
    content = await work();
  } catch (error) {
    content = h('p', { class: 'error' }, error instanceof Error ? error.message : String(error));
  }
  if (place.dataset.load !== mine) return;
  place.removeAttribute('aria-busy');
  place.replaceChildren(content);
}
