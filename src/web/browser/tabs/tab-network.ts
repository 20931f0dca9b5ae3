import type { VmInfo } from '../../../rpc/umlmonctrl.gen.ts';
import { readVm } from '../api.ts';
import { h, table } from '../dom.ts';
import { bytesText } from '../format.ts';
import { load } from '../load.ts';
import type { Shown, TabPlace } from './tab.ts';

/** The network interfaces of a VM, and what to type in its guest. */
export function showNetwork({ vm, content }: TabPlace): Shown {
  void load(content, async () => {
    const { networks } = await readVm<VmInfo>(vm, 'info');
    const interfaces = table(
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
