import { readFileSync } from 'node:fs';
import { emitPage } from './emit-page.ts';
import { emitTypes } from './emit-types.ts';
import { parseIdl } from './parse.ts';

/** What is generated from umlmonctrl.x; paths are relative to the root of the project, which is the working directory. */
export function generateRpc(): { readonly path: string; readonly text: string }[] {
  const origin = 'src/rpc/umlmonctrl.x';
  const specification = parseIdl(readFileSync(origin, 'utf8'));
  return [
    { path: 'src/rpc/umlmonctrl.gen.ts', text: emitTypes(specification, 'umlmonctrl.x') },
    { path: 'docs/protocol.md', text: emitPage(specification, origin) },
  ];
}
