import type { WireVm } from '../wire.ts';
import { type ActionResult, actionResultOf, setOutcome } from './action-results.ts';
import { changeVm } from './api.ts';
import { confirmed, say } from './dialog.ts';
import { h } from './dom.ts';

interface Action {
  /** The name in the API. */
  readonly word: string;
  readonly label: string;
  readonly isPossible: (vm: WireVm) => boolean;
  /** What is lost by it; nothing is asked without. */
  readonly hurts?: (name: string) => string;
}

/** Possible also while something else is in progress, which it ends. */
const kill = 'kill';

const isInProgress = (outcome: ActionResult | undefined) =>
  outcome !== undefined && outcome.failure === undefined;

const isUp = ({ state }: WireVm) => state === 'running' || state === 'stopping';

const actions: readonly Action[] = [
  { word: 'start', label: 'Start', isPossible: ({ state }) => state === 'stopped' },
  {
    word: 'stop',
    label: 'Stop',
    isPossible: ({ state }) => state === 'running',
    hurts: (name) =>
      `${name} shuts down its guest. A guest that does not shut down in time is halted, then killed.`,
  },
  {
    word: 'restart',
    label: 'Restart',
    isPossible: ({ state }) => state === 'running',
    hurts: (name) =>
      `${name} shuts down its guest and starts again. A guest that does not shut down in time is halted, then killed.`,
  },
  { word: 'pause', label: 'Pause', isPossible: (vm) => vm.state === 'running' && !vm.paused && !vm.hung },
  { word: 'resume', label: 'Resume', isPossible: (vm) => vm.paused },
  {
    word: 'ctrl-alt-del',
    label: 'Ctrl-Alt-Del',
    isPossible: (vm) => isUp(vm) && !vm.paused,
    hurts: (name) => `Most guests reboot or shut down on Ctrl-Alt-Del: all programs in ${name} are stopped.`,
  },
  {
    word: kill,
    label: 'Kill',
    isPossible: ({ state }) => state !== 'stopped' && state !== 'no-monitor' && state !== 'unreachable',
    hurts: (name) =>
      `The kernel of ${name} is killed at once. Data that the guest has not written to disk is lost.`,
  },
];

/** The buttons of a VM; those that make no sense now are not shown. */
export class ActionButtons {
  readonly element: HTMLElement;
  readonly #name: string;
  readonly #isOnItsPage: boolean;
  readonly #buttons: readonly { readonly action: Action; readonly button: HTMLButtonElement }[];

  /** @param words those to have; all without, on the page of the VM */
  constructor(name: string, words?: readonly string[]) {
    this.#name = name;
    this.#isOnItsPage = words === undefined;
    this.#buttons = actions
      .filter(({ word }) => !words || words.includes(word))
      .map((action) => {
        const { label, word } = action;
        const onclick = () => void this.#do(action);
        const look = word === kill ? 'danger' : '';
        const button = h(
          'button',
          { type: 'button', class: look, 'aria-label': `${label} ${name}`, onclick },
          label,
        );
        return { action, button };
      });
    this.element = h('div', { class: 'buttons' }, ...this.#buttons.map(({ button }) => button));
    this.draw(undefined);
  }

  draw(vm: WireVm | undefined): void {
    const isBusy = isInProgress(actionResultOf(this.#name));
    const focused = this.#buttons.find(({ button }) => button === document.activeElement);
    for (const { action, button } of this.#buttons) {
      button.hidden = !vm || !action.isPossible(vm);
      // A button that is disabled loses the keyboard.
      button.setAttribute('aria-disabled', String(isBusy && action.word !== kill));
    }
    // The keyboard goes to the link beside them, and to no button that ends something.
    if (focused?.button.hidden)
      this.element.closest('tr, .bar')?.querySelector<HTMLElement>('a:not([hidden])')?.focus();
  }

  async #do({ word, label, hurts }: Action): Promise<void> {
    const name = this.#name;
    if (isInProgress(actionResultOf(name)) && word !== kill) return;
    if (hurts && !(await confirmed(`${label} ${name}?`, hurts(name), label))) return;
    const begun = { label, since: Date.now(), failure: undefined };
    setOutcome(name, begun);
    try {
      say(`${name}: ${await changeVm(name, word)}`);
      // A kill may have been asked for meanwhile.
      if (actionResultOf(name) === begun) setOutcome(name, undefined);
    } catch (error) {
      // A kill that was asked for meanwhile has an outcome of its own.
      if (actionResultOf(name) === begun) setOutcome(name, { ...begun, failure: error });
      // The page of the VM shows it itself.
      const isShown = this.#isOnItsPage && this.element.isConnected;
      if (!isShown) say(error instanceof Error ? `${label}: ${error.message}` : String(error), true);
    }
  }
}
