/**
 * Content that does not fit side by side is shown one below the other. An element gets the class `tight` while the
 * content of its usual form is wider than it is.
 */
export function fitted<E extends HTMLElement>(element: E): E {
  observer.observe(element);
  return element;
}

/** To be called when the content has grown. What is `tight` stays so until the width changes. */
export function refit(element: HTMLElement): void {
  if (element.isConnected && element.scrollWidth > element.clientWidth) element.classList.add('tight');
}

const widths = new WeakMap<Element, number>();
const observer = new ResizeObserver((entries) => {
  const page = document.documentElement;
  const { scrollTop } = page;
  for (const { target, contentRect } of entries) {
    const { width } = contentRect;
    // Its height changes by what is done here; without a width it is not shown.
    if (width === 0 || widths.get(target) === width || !(target instanceof HTMLElement)) continue;
    widths.set(target, width);
    target.classList.remove('tight');
    refit(target);
  }
  // The page was shorter for a moment.
  if (page.scrollTop !== scrollTop) page.scrollTop = scrollTop;
});
