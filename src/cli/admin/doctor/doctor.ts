import { printable } from '../../../system/text.ts';
import { print } from '../../print/output.ts';
import type { AdminHost } from '../host.ts';
import { type DoctorFinding, doctorStatus, examineHost } from './checks.ts';
import { gatherFacts } from './facts.ts';

/** `umladmin doctor`. Resolves to the exit status: 0 all good, 1 warnings, 2 errors. */
export async function runDoctor(host: AdminHost): Promise<number> {
  const findings = examineHost(await gatherFacts(host));
  const status = doctorStatus(findings);
  await print(host.json ? JSON.stringify({ status, findings }) : findings.map(findingText).join('\n'));
  return status;
}

function findingText({ level, subject, text, fix }: DoctorFinding): string {
  const line = `${level.padEnd(levelWidth)}  ${subject}: ${printable(text, textLength)}`;
  return fix === '' ? line : `${line}\n${' '.repeat(levelWidth + 2)}→ ${printable(fix, textLength)}`;
}

const levelWidth = 'warning'.length;
/** Characters of a text that are shown. */
const textLength = 1000;
