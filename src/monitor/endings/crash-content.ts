/** The content of a crash bundle. Pure: all facts are parameters. */
import type { LaunchPlan } from '../../plan/plan.ts';
import { pictureText } from '../../rpc/picture-text.ts';
import type { Event, ExitRecord, ScreenPicture } from '../../rpc/umlmonctrl.gen.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import type { ConsoleOutput, CrashFacts } from './crash-facts.ts';
import { bundleSummary } from './crash-summary.ts';
import { isSecretName, redactBytes, redacted, redactValue, secretValues } from './redact.ts';

export interface BundleFile {
  readonly path: string;
  readonly data: Uint8Array;
}

/** A string, and not the type of the protocol: the causes may become more. */
const unasked: ReadonlySet<string> = new Set(['crash', 'error', 'hang']);

/** Whether an exit was unexpected: no user requested it. */
export function isUnasked({ cause, askedBy }: ExitRecord): boolean {
  return unasked.has(cause) && askedBy === '';
}

/** The files of a bundle, bounded and without secrets. */
export function bundleFiles(facts: CrashFacts): BundleFile[] {
  const secrets = secretValues(facts.plan.kernel.arguments);
  const clean: CrashFacts = {
    ...facts,
    exit: redactValue(facts.exit, secrets),
    plan: withoutEnvironment(redactValue(facts.plan, secrets)),
    settings: facts.settings.map((setting) =>
      isSecretName(setting.key) && setting.value
        ? { ...setting, value: redacted }
        : redactValue(setting, secrets),
    ),
    screen: redactValue(facts.screen, secrets),
    events: redactValue(facts.events, secrets),
  };
  return [
    json('exit.json', clean.exit),
    json('plan.json', clean.plan),
    json('config.json', clean.settings),
    json('host.json', clean.host),
    text('events.jsonl', eventLines(clean.events)),
    text('screen.txt', clean.screen),
    ...consoleFiles(clean.consoles, secrets),
    text('summary.txt', bundleSummary(clean)),
  ];
}

/** What a console showed at the end, as a file of a bundle without secrets. */
export function screenFile(channel: string, picture: ScreenPicture, plan: LaunchPlan): BundleFile {
  const lines = redactValue(pictureText(picture), secretValues(plan.kernel.arguments));
  return text(`console/${channel}.txt`, lines);
}

/** Keeps only the names of the environment: values may be secret. */
function withoutEnvironment(plan: LaunchPlan): LaunchPlan {
  const { environment } = plan.sandbox;
  return {
    ...plan,
    sandbox: {
      ...plan.sandbox,
      environment: Object.fromEntries(Object.keys(environment).map((name) => [name, redacted])),
    },
    steps: plan.steps.map((step) =>
      step.do === 'launch'
        ? { ...step, argv: step.argv.map((word, i) => (step.argv[i - 2] === '--setenv' ? redacted : word)) }
        : step,
    ),
  };
}

/** The newest events that fit, in their order. */
function eventLines(events: readonly Event[]): string[] {
  const lines: string[] = [];
  let room: number = monitorLimits.bundleEventBytes;
  for (const event of [...events].reverse()) {
    const line = JSON.stringify(event);
    room -= Buffer.byteLength(line) + 1;
    if (room < 0) break;
    lines.push(line);
  }
  return lines.reverse();
}

function consoleFiles(consoles: readonly ConsoleOutput[], secrets: readonly string[]): BundleFile[] {
  let room: number = monitorLimits.bundleConsolesBytes;
  return consoles.flatMap(({ channel, data, offset }) => {
    const most = Math.min(monitorLimits.bundleConsoleBytes, room);
    const tail = data.subarray(Math.max(0, data.length - most));
    const whole = offset === 0 && tail.length === data.length;
    const bytes = redactBytes(whole ? tail : fromNextLine(tail), secrets);
    room -= bytes.length;
    return bytes.length > 0 ? [{ path: `console/${channel}`, data: bytes }] : [];
  });
}

/** Removes the rest of a line whose first bytes are lost: it may be part of a secret. */
function fromNextLine(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0x0a);
  return end < 0 ? bytes : bytes.subarray(end + 1);
}

function json(path: string, value: unknown): BundleFile {
  return text(path, [JSON.stringify(value, null, 2)]);
}

function text(path: string, lines: readonly string[]): BundleFile {
  return { path, data: Buffer.from(lines.map((line) => `${line}\n`).join('')) };
}
