/**
 * xterm.js writes styles into the page as it runs. The policy of the page forbids inline styles. So its style elements get
 * the nonce of this page, and its style attributes are set through the object model, which is allowed.
 */
export function allowOwnStyles(): void {
  const nonce = document.querySelector<HTMLElement>('link[nonce]')?.nonce ?? '';
  const create = document.createElement.bind(document);
  document.createElement = ((tag: string, options?: ElementCreationOptions) => {
    const element = create(tag, options);
    if (tag === 'style') element.nonce = nonce;
    if (tag === 'span') element.setAttribute = setAttribute;
    return element;
  }) as typeof document.createElement;
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}
