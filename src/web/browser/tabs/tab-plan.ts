import { readVm } from '../api.ts';
import { h } from '../dom.ts';
import { load } from '../load.ts';
import type { Shown, TabPlace } from './tab.ts';

/** What the next start would do. */
export function showPlan({ vm, content }: TabPlace): Shown {
  void load(content, async () => {
    const { text } = await readVm<{ text: string }>(vm, 'plan');
    return h('pre', { tabindex: 0 }, text);
  });
  return {};
}
