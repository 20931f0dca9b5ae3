import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { printable } from '../../system/text.ts';
import { whoText } from '../print/who-text.ts';
import type { EscapeKey } from './escape-key.ts';
import { type MenuAction, menuHelp, menuLine } from './escape-menu.ts';
import type { SessionRecording } from './session-recording.ts';
import type { SessionTerminal } from './session-terminal.ts';
import type { SessionViewer } from './session-viewer.ts';

export interface ActionParts {
  readonly client: MonitorClient;
  readonly channel: string;
  readonly escapeKey: EscapeKey;
  readonly terminal: SessionTerminal;
  readonly viewer: SessionViewer;
  readonly recording: SessionRecording;
  /** Draws the screen anew: always, or only if a program draws on the whole of it. */
  readonly paint: (when: 'always' | 'full') => Promise<unknown>;
}

/** What the keys of the menu do, other than typing and leaving. */
type Choice = Exclude<MenuAction, { readonly do: 'type' | 'leave' }>;

/** Does what was chosen in the menu of a session. Errors: those of the monitor. */
export async function doAction(action: Choice, parts: ActionParts): Promise<void> {
  const { client, channel, terminal, viewer, recording, paint } = parts;
  switch (action.do) {
    case 'menu':
      return terminal.message(menuLine);
    case 'echo':
      return terminal.echo(action.text);
    case 'ask-note':
      return terminal.ask('note: ');
    case 'ask-sysrq':
      return terminal.ask('letter of the sysrq: ');
    case 'help':
      for (const line of menuHelp(parts.escapeKey)) terminal.message(line);
      break;
    case 'who':
      for (const line of whoText(await client.call('consoleWho', channel), Date.now()))
        terminal.message(line);
      break;
    case 'take':
      await viewer.take();
      break;
    case 'observe':
      await viewer.observe();
      break;
    case 'note':
      await client.call('consoleNote', { channel, text: action.text });
      break;
    case 'sysrq': {
      const { text } = await client.call('mconsole', `sysrq ${action.letter}`);
      for (const line of text.trim().split('\n')) terminal.message(printable(line, 200));
      break;
    }
    case 'size':
      await client.call('consoleResize', { id: viewer.id, ...terminal.size });
      break;
    case 'record':
      recording.toggle();
      break;
    case 'redraw':
      await paint('always');
      return;
    case 'cancel':
      break;
  }
  // The messages here have overwritten its picture.
  await paint('full');
}
