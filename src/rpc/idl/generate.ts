import { readFileSync } from 'node:fs';
import { directoryIntroduction } from './directory-introduction.ts';
import { emitPage, type Introduce } from './emit-page.ts';
import { emitTypes } from './emit-types.ts';
import { introduction } from './page-introduction.ts';
import { parseIdl } from './parse.ts';

interface Protocol {
  /** Name of the `.x` file without its suffix. */
  readonly name: string;
  readonly page: string;
  readonly introduce: Introduce;
}

const protocols: readonly Protocol[] = [
  { name: 'umlmonctrl', page: 'docs/protocol.md', introduce: introduction },
  { name: 'umldir', page: 'docs/directory-protocol.md', introduce: directoryIntroduction },
];

/** The files generated from the `.x` files; paths are relative to the root of the project, which is the working directory. */
export function generateRpc(): { readonly path: string; readonly text: string }[] {
  return protocols.flatMap(({ name, page, introduce }) => {
    const origin = `src/rpc/${name}.x`;
    const specification = parseIdl(readFileSync(origin, 'utf8'));
    return [
      { path: `src/rpc/${name}.gen.ts`, text: emitTypes(specification, `${name}.x`) },
      { path: page, text: emitPage(specification, origin, introduce) },
    ];
  });
}
