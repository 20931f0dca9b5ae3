import { fetchVm } from '../api.ts';
import { h } from '../dom.ts';
import { load } from '../load.ts';
import type { ShownTab, TabPlace } from './tab.ts';

/** What the next start would do. */
export function showPlan({ vm, content }: TabPlace): ShownTab {
  void load(content, async () => {
    const { text } = await fetchVm<{ text: string }>(vm, 'plan');
    return h('pre', { tabindex: 0 }, text);
  });
  return {};
}
