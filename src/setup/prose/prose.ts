import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Allowance, accountsOf, allowanceOf } from './allowance.ts';
import { hasProse, lintFiles, type ProseFinding } from './lint-files.ts';

/** Where texts are that a user or reader of the project sees. */
const everything = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'test/README.md'],
  ...['docs', 'src', 'test', 'etc'],
];
/** The list of terms names what it advises against. */
const exempt = /^src\/setup\/prose\/(?:terms|phrases)\.ts$|\.gen\.ts$/;

const allowanceFile = 'src/setup/prose/allowance.json';

/** Lints the files and folders of `paths`, or all against the allowance. Returns the exit status. */
export async function runProse(paths: readonly string[]): Promise<number> {
  if (paths[0] === '--allow') return allow();
  const findings = await lintFiles(filesUnder(paths.length > 0 ? paths : everything));
  if (paths.length > 0) {
    for (const finding of findings) console.log(lineFor(finding));
    console.log(`prose findings ${findings.length}`);
    return findings.length > 0 ? 1 : 0;
  }
  const allowance = JSON.parse(readFileSync(allowanceFile, 'utf8')) as Allowance;
  const accounts = accountsOf(findings, allowance);
  const exceeded = accounts.filter((account) => account.findings.length > account.allowed);
  for (const { path, allowed, findings } of exceeded) {
    for (const finding of findings) console.log(lineFor(finding));
    if (path) console.log(`${path}: ${findings.length} findings, ${allowed} allowed (${allowanceFile})`);
  }
  console.log(`prose findings ${findings.length}`);
  return exceeded.length > 0 ? 1 : 0;
}

/** Allows the findings that there are now, by folder or page, so that none is added. */
async function allow(): Promise<number> {
  const findings = await lintFiles(filesUnder(everything));
  writeFileSync(allowanceFile, `${JSON.stringify(allowanceOf(findings), null, 2)}\n`);
  console.log(`prose findings ${findings.length}`);
  return 0;
}

function lineFor({ path, line, column, rule, message }: ProseFinding): string {
  return `${path}:${line}:${column} ${rule} ${message}`;
}

function filesUnder(paths: readonly string[]): string[] {
  return paths
    .filter((path) => existsSync(path))
    .flatMap((path) => {
      if (!statSync(path).isDirectory()) return [path];
      const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
      return names.map((name) => join(path, name)).filter((file) => statSync(file).isFile());
    })
    .filter((path) => hasProse(path) && !exempt.test(path));
}
