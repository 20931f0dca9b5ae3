import { fitted } from './console/fitting.ts';

type Child = Node | string | null | undefined;
type Value = string | number | boolean | null | undefined | ((event: never) => void);
type Properties = Readonly<Record<string, Value>>;

/**
 * An element with attributes and children. Functions become listeners of the event that they are named after
 * (`onclick`), true an attribute without a value; false, null and undefined are left out. Text is never markup.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** The same for a drawing. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  apply(element, properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function apply(element: Element, properties: Properties): void {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function')
      element.addEventListener(name.slice('on'.length), value as EventListener);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, String(value));
  }
}

/** Writes a text only if it differs: a screen reader must not read unchanged text again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Term and description pairs; those without a value are left out. */
export function facts(pairs: readonly (readonly [string, Child])[]): HTMLDListElement {
  const shown = pairs.filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return h(
    'dl',
    { class: 'facts' },
    ...shown.map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))),
  );
}

/** A table whose rows become cards where its columns do not fit. The roles are those of its elements, in either form. */
export function tableElement(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly Child[])[],
): HTMLElement {
  if (rows.length === 0) return h('p', { class: 'quiet' }, `${caption}: none`);
  const cells = (row: readonly Child[]) =>
    row.map((cell, column) => h('td', { role: 'cell', 'data-label': heads[column] || null }, cell));
  return fitted(
    h(
      'div',
      { class: 'fitting' },
      h(
        'table',
        { role: 'table' },
        h('caption', {}, caption),
        headRow(heads),
        h('tbody', { role: 'rowgroup' }, ...rows.map((row) => h('tr', { role: 'row' }, ...cells(row)))),
      ),
    ),
  );
}

/** The heads of the columns of a table. */
export function headRow(heads: readonly string[]): HTMLTableSectionElement {
  const cells = heads.map((head) =>
    head === '' ? h('td', { role: 'cell' }) : h('th', { scope: 'col', role: 'columnheader' }, head),
  );
  return h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...cells));
}
