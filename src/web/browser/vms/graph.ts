import type { WirePoint } from '../../wire.ts';
import { svg } from '../dom.ts';

export type GraphMeasure = Exclude<keyof WirePoint, 'time'>;

const height = 24;
/** Points of a whole graph, and units between two of them. */
const points = 60;
const step = 2;
const width = (points - 1) * step;

/** A small graph without scales: the number is beside it. */
export class Graph {
  readonly element: SVGSVGElement;
  readonly #line = svg('path', { class: 'line' });
  readonly #area = svg('path', { class: 'area' });
  readonly #measure: GraphMeasure;
  #drawn = '';

  constructor(measure: GraphMeasure) {
    this.#measure = measure;
    const box = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' };
    this.element = svg('svg', { class: 'graph empty', ...box }, this.#area, this.#line);
  }

  /** @param top value at the upper edge; without it, the largest one */
  draw(history: readonly WirePoint[], top?: number): void {
    const values = history.slice(-points).map((point) => point[this.#measure]);
    const most = top ?? Math.max(1, ...values.map((value) => value ?? 0));
    const first = points - values.length;
    const runs: string[][] = [[]];
    for (const [index, value] of values.entries()) {
      if (value === null) runs.push([]);
      else {
        const y = height - 1 - (height - 2) * Math.min(1, value / most);
        runs.at(-1)?.push(`${(first + index) * step} ${y.toFixed(1)}`);
      }
    }
    const drawn = runs.filter((run) => run.length > 0);
    const line = drawn.map((run) => `M${run.join('L')}`).join('');
    if (line === this.#drawn) return;
    this.#drawn = line;
    this.element.classList.toggle('empty', line === '');
    this.#line.setAttribute('d', line);
    const xOf = (point = '') => point.split(' ')[0];
    const area = drawn.map(
      (run) => `M${xOf(run[0])} ${height}L${run.join('L')}L${xOf(run.at(-1))} ${height}Z`,
    );
    this.#area.setAttribute('d', area.join(''));
  }
}
