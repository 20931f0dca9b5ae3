/**
 * Keeps the style `--visible-height` as high as what the keyboard of a screen leaves: some browsers lay it over the page. The
 * function returned ends that.
 */
export function followVisibleHeight(): () => void {
  const viewport = window.visualViewport;
  const { style } = document.documentElement;
  const name = '--visible-height';
  // A page that two fingers have enlarged is not smaller for that.
  const draw = () =>
    style.setProperty(name, `${(viewport?.height ?? innerHeight) * (viewport?.scale ?? 1)}px`);
  viewport?.addEventListener('resize', draw);
  draw();
  return () => {
    viewport?.removeEventListener('resize', draw);
    style.removeProperty(name);
  };
}
