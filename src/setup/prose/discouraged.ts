import { phrases } from './phrases.ts';
import { terms } from './terms.ts';

/** What a text does not contain, and what to write. */
export interface Discouraged {
  readonly match: string;
  readonly advice: string;
}

/** Everything that the glossary replaces: phrases first, since they are longer. */
export const discouraged: readonly Discouraged[] = [
  ...phrases.map(({ never, use, match }) => ({ match: match ?? never, advice: use })),
  ...terms.flatMap(({ use, match }) => (match === undefined ? [] : [{ match, advice: `use ${use}` }])),
];
