import type { ImageInfo, ImageList } from '../../../rpc/umlmonctrl.gen.ts';
import { fetchVm } from '../api.ts';
import { h, tableElement } from '../dom.ts';
import { bytesText } from '../format.ts';
import { load } from '../load.ts';
import { drawImages } from '../vms/disk-graph.ts';
import type { ShownTab, TabPlace } from './tab.ts';

/** The images that a VM can see, their backing files, and their holders. */
export function showDisks({ vm, store, content }: TabPlace): ShownTab {
  let drawn: string | undefined = '';
  return {
    draw: () => {
      const state = store.vms.get(vm)?.vm?.state;
      if (state === drawn) return;
      drawn = state;
      void load(content, async () => {
        const { images, failures: warnings, more } = await fetchVm<ImageList>(vm, 'images');
        return h(
          'div',
          { class: 'disks' },
          ...warnings.map(({ place, cause }) => h('p', { class: 'error' }, `${place}: ${cause}`)),
          tableElement(
            'Images',
            ['Path', 'Kind', 'Size', 'On the host', 'Backing file', 'Open by', 'Snapshots', 'Problem'],
            images.map(rowOf),
          ),
          // Shown before the table, where there is room for it.
          drawImages(images),
          more
            ? h('p', { class: 'quiet' }, 'More images exist. List all with: umlwatch VM -disk list')
            : null,
        );
      });
    },
  };
}

function rowOf({ path, kind, size, allocated, backing, holders, snapshots, problem }: ImageInfo): string[] {
  const open = holders.map(({ holder, writes }) => `${holder}${writes ? '' : ' (reads)'}`).join(', ');
  return [path, kind, bytesText(size), bytesText(allocated), backing, open, snapshots.join(', '), problem];
}
