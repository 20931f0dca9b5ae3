/** What the page shows at the moment. */
export interface View {
  readonly title: string;
  readonly element: HTMLElement;
  /** Stops timers and connections of the view. */
  readonly close: () => void;
}
