import type { VmInfo } from '../../../rpc/umlmonctrl.gen.ts';
import { fetchVm } from '../api.ts';
import { h, tableElement } from '../dom.ts';
import { bytesText } from '../format.ts';
import { load } from '../load.ts';
import type { ShownTab, TabPlace } from './tab.ts';

/** The network interfaces of a VM, and what to type in its guest. */
export function showNetwork({ vm, content }: TabPlace): ShownTab {
  void load(content, async () => {
    const { networks } = await fetchVm<VmInfo>(vm, 'info');
    const interfaces = tableElement(
      'Interfaces',
      ['In the guest', 'Kind', 'On the host', 'Hardware address', 'Link', 'Received', 'Sent'],
      networks.map(({ guestInterface, kind, hostInterface, mac, link, received, sent }) => [
        guestInterface,
        kind,
        hostInterface,
        mac,
        link,
        bytesText(received),
        bytesText(sent),
      ]),
    );
    const commands = networks.filter(({ guestCommands }) => guestCommands.length > 0);
    return h(
      'div',
      {},
      interfaces,
      ...commands.flatMap(({ guestInterface, guestCommands }) => [
        h('h2', {}, `Commands to set up ${guestInterface} in the guest`),
        h('pre', {}, guestCommands.join('\n')),
      ]),
    );
  });
  return {};
}
