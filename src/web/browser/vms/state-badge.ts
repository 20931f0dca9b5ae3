import type { WireVm } from '../../wire.ts';
import { h } from '../dom.ts';

/** The state as a short text, and its colour. */
export function stateOf(vm: WireVm | undefined): { readonly word: string; readonly tone: string } {
  if (!vm) return { word: '…', tone: 'off' };
  if (vm.hung) return { word: 'hangs', tone: 'bad' };
  if (vm.paused) return { word: 'paused', tone: 'busy' };
  switch (vm.state) {
    case 'running':
      return { word: vm.ready ? 'running' : 'booting', tone: vm.ready ? 'good' : 'busy' };
    case 'starting':
    case 'stopping':
      return { word: vm.state, tone: 'busy' };
    case 'no-monitor':
      return { word: 'no monitor', tone: 'off' };
    case 'unreachable':
    case 'unmanaged':
      return { word: vm.state, tone: 'bad' };
    case 'stopped':
      return { word: 'stopped', tone: 'off' };
  }
}

export class StateBadge {
  readonly element = h('span', { class: 'badge' });

  draw(vm: WireVm | undefined): void {
    const { word, tone } = stateOf(vm);
    if (this.element.textContent === word && this.element.dataset.tone === tone) return;
    this.element.textContent = word;
    this.element.dataset.tone = tone;
  }
}
