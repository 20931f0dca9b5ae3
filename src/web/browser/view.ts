/** What the page shows at the moment. */
export interface View {
  readonly title: string;
  readonly element: HTMLElement;
  /** Ends what the view has going on. */
  readonly close: () => void;
}
