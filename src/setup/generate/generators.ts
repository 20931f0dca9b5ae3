import { generateAdminCompletion } from '../../cli/admin/completion.ts';
import { generateUmladminPage } from '../../cli/admin/man-page.ts';
import { generateCompletions } from '../../cli/completion/generate.ts';
import { generateUmlwatchPage } from '../../cli/man/man-page.ts';
import { generateConfigPage } from '../../config/man-page.ts';
import { generateEventPage } from '../../monitor/pages/event-page.ts';
import { generateStatePage } from '../../monitor/pages/state-page.ts';
import { generateRpc } from '../../rpc/idl/generate.ts';
import { generateRolePage } from '../../rpc/role-page.ts';
import { generateErrorPage } from '../../system/errors/error-page.ts';
import { generateLimitPage } from '../../system/limits/limit-page.ts';
import { generateGlossary } from '../prose/glossary.ts';

/** A file that is made from the sources; `path` is relative to the root of the project. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** All generators of `npm run generate`; they run in the root of the project. */
export const generators: readonly (() => readonly GeneratedFile[])[] = [
  generateConfigPage,
  generateErrorPage,
  generateEventPage,
  generateGlossary,
  generateLimitPage,
  generateRpc,
  generateRolePage,
  generateStatePage,
  generateAdminCompletion,
  generateCompletions,
  generateUmladminPage,
  generateUmlwatchPage,
];
