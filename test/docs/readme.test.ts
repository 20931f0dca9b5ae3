/** The first VM of README: its commands print what README shows, apart from numbers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linkKernel, linkPrograms, runAtTerminal } from '../helpers/host/private-terminal.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const [, example = ''] = /^```console\n(# [\s\S]*?)^```$/m.exec(readme) ?? [];
const lines = example.trimEnd().split('\n');
const commands = lines.flatMap((line) => (line.startsWith('# ') ? [line.slice(2)] : []));

/** The requirements that README states: the configuration that it shows, a kernel, a user and an image. */
const inPlace = `${linkPrograms}${linkKernel}
cat >/etc/umlmon/umlmon.ini <<'END'
${lines.filter((line) => /^(\[|\w+ = )/.test(line)).join('\n')}
END
umladmin user vm1
mkdir -p /var/lib/umlmon/vm1/jail/disks
sh src/setup/image.sh /var/lib/umlmon/vm1/jail/disks/root.dsk
chown uml-vm1: /var/lib/umlmon/vm1/jail/disks/root.dsk
echo here it begins`;

/** Without the parts that differ from run to run. */
const lasting = (text: string) => text.replace(/\d[\d.]*/g, '0').replace(/[ \r]+/g, ' ');

test('the first VM of README.md', async () => {
  // As a person would type them: with the prompt and the command before the output.
  const typed = commands.map((command) => `echo '# ${command.replaceAll("'", "'\\''")}'; ${command}`);
  const { shown, status } = await runAtTerminal(`${inPlace}\n${typed.join('\n')}`, {
    columns: 120,
    rows: 40,
    typed: [],
    patienceMs: 50_000,
  });
  expect(status, shown).toBe(0);
  const [, session = ''] = shown.split('here it begins\r\n');
  expect(lasting(session).split(' \n').join('\n').trim()).toBe(lasting(lines.join('\n')));
});

test('README.md fits on one screen', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(70);
});
