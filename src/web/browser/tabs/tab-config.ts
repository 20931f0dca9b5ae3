import type { ComparedSetting } from '../../config-diff.ts';
import { fetchVm } from '../api.ts';
import { h, tableElement } from '../dom.ts';
import { load } from '../load.ts';
import type { ShownTab, TabPlace } from './tab.ts';

/** The settings of a VM, and how the files differ from them by now. */
export function showConfig({ vm, content }: TabPlace): ShownTab {
  void load(content, async () => {
    const { settings, problems } = await fetchVm<{ settings: ComparedSetting[]; problems: string[] }>(
      vm,
      'config',
    );
    const changed = settings.filter(({ inForce, inFiles }) => inForce !== inFiles);
    const written = settings.filter(({ origin }) => origin !== 'default');
    const defaults = settings.filter(({ origin }) => origin === 'default');
    const row = ({ key, inForce, origin }: ComparedSetting) => [key, h('code', {}, inForce ?? ''), origin];
    return h(
      'div',
      {},
      ...problems.map((problem) => h('p', { class: 'error' }, problem)),
      changed.length > 0
        ? h('p', {}, 'The configuration files have changed since the monitor read them:')
        : null,
      changed.length > 0
        ? tableElement(
            'Changes',
            ['Key', 'Active', 'In the files', 'Source'],
            changed.map(({ key, inForce, inFiles, origin }) => [
              key,
              inForce === null ? '–' : h('del', {}, inForce),
              inFiles === null ? '–' : h('ins', {}, inFiles),
              origin,
            ]),
          )
        : null,
      tableElement('Settings', ['Key', 'Value', 'Source'], written.map(row)),
      h(
        'details',
        {},
        h('summary', {}, `Defaults (${defaults.length})`),
        tableElement('Defaults', ['Key', 'Value', 'Source'], defaults.map(row)),
      ),
    );
  });
  return {};
}
