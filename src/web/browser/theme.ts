import { h } from './dom.ts';

const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];
const storageKey = 'umlweb-theme';

/** What the page looks like now. */
export function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
}

/** Puts the theme in force that was chosen last. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = chosen();
}

/** The choice of the theme; it dispatches the event `themechange` on the document. */
export function themeSwitch(): HTMLElement {
  const options = themes.map((theme) => h('option', { value: theme, selected: theme === chosen() }, theme));
  const select = h('select', { 'aria-label': 'Theme' }, ...options);
  select.addEventListener('change', () => {
    localStorage.setItem(storageKey, select.value);
    applyTheme();
    document.dispatchEvent(new Event('themechange'));
  });
  return select;
}

function chosen(): Theme {
  const stored = localStorage.getItem(storageKey);
  return themes.find((theme) => theme === stored) ?? 'auto';
}
