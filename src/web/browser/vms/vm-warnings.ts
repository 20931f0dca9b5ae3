import type { WireVm } from '../../wire.ts';
import { type ActionResult, actionResultOf, setOutcome } from '../action-results.ts';
import { ApiError } from '../api.ts';
import { h } from '../dom.ts';

/** Warnings of a VM, and its running or failed request: complete, at the top of its page. */
export class VmWarnings {
  readonly element = h('div', { class: 'warnings', role: 'status' });
  readonly #vm: string;
  #drawn = '';

  constructor(vm: string) {
    this.#vm = vm;
  }

  draw(known: WireVm | undefined, problem: string): void {
    const outcome = actionResultOf(this.#vm);
    const operation = known?.operation ?? '';
    const warnings = known?.warnings ?? (problem ? [problem] : []);
    // Drawn when it changes, since it is read aloud.
    const now = JSON.stringify([
      outcome?.label,
      outcome?.since,
      outcome && failureOf(outcome),
      operation,
      warnings,
    ]);
    if (now === this.#drawn) return;
    this.#drawn = now;
    this.element.replaceChildren(
      ...(outcome ? [this.#outcome(outcome)] : operation ? [busy(operation)] : []),
      ...warnings.map((text) => h('p', { class: 'warning problem' }, text)),
    );
  }

  #outcome(outcome: ActionResult): HTMLElement {
    const { label } = outcome;
    const failure = failureOf(outcome);
    if (!failure) return busy(label);
    const dismiss = () => setOutcome(this.#vm, undefined);
    return h(
      'div',
      { class: 'warning' },
      h('strong', { class: 'failed' }, `${label} failed`),
      ...failure.map((line) => h('p', { class: 'why' }, line)),
      h('button', { type: 'button', onclick: dismiss }, 'Dismiss'),
    );
  }
}

function busy(what: string): HTMLElement {
  return h('p', { class: 'warning busy' }, `In progress: ${what}`);
}

/** Cause and hint, a line each; undefined while it is in progress. */
function failureOf({ failure }: ActionResult): readonly string[] | undefined {
  if (failure === undefined) return undefined;
  if (!(failure instanceof ApiError)) return [failure instanceof Error ? failure.message : String(failure)];
  const { place, cause, hint } = failure.why;
  return [[place, cause].filter(Boolean).join(': '), hint].filter(Boolean);
}
