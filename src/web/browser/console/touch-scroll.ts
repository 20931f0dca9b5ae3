export interface TouchScrolled {
  /** Pixels of a row. */
  readonly rowHeight: () => number;
  /** Down if positive. */
  readonly scroll: (rows: number) => void;
}

/** A finger that is drawn over an element scrolls it, row by row. */
export function scrollByTouch(element: HTMLElement, { rowHeight, scroll }: TouchScrolled): void {
  /** Where the finger was when the last row was scrolled; undefined without a finger, or with several. */
  let from: number | undefined;
  element.addEventListener('touchstart', ({ touches }) => {
    from = touches.length === 1 ? touches[0]?.clientY : undefined;
  });
  element.addEventListener(
    'touchmove',
    (event) => {
      const [touch] = event.touches;
      if (from === undefined || !touch || event.touches.length > 1) return;
      event.preventDefault();
      const rows = Math.trunc((from - touch.clientY) / rowHeight());
      if (rows === 0) return;
      from -= rows * rowHeight();
      scroll(rows);
    },
    { passive: false },
  );
}
