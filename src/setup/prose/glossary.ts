import { phrases } from './phrases.ts';
import { maxWords } from './prose-rules.ts';
import { terms } from './terms.ts';

/** docs/glossary.md: the terms of the project, and phrases that it does not use. */
export function generateGlossary(): { path: string; text: string }[] {
  const text = `<!-- Generated from src/setup/prose by \`npm run generate\`: change terms.ts or phrases.ts there, not this page. -->

# Glossary

One thing has one term: in commands, the protocol, the configuration, the pages, the comments and the code.
\`npm run check\` finds the others, and sentences that are longer than ${maxWords}.

## Terms

| use | not | meaning |
| --- | --- | --- |
${terms.map(({ use, never, meaning }) => `| **${use}** | ${quoted(never)} | ${meaning} |`).join('\n')}

## Phrases

| not | but |
| --- | --- |
${phrases.map(({ never, use }) => `| ${quoted(never)} | ${use} |`).join('\n')}
`;
  return [{ path: 'docs/glossary.md', text }];
}

/** As code, so that the page may name what it advises against. */
function quoted(never = ''): string {
  return never && `\`${never}\``;
}
