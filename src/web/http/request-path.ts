/** What is asked for. */
export interface RequestPath {
  /** Without the base and the first slash. */
  readonly name: string;
  readonly query: URLSearchParams;
}
