import type { Emulator } from '../../../src/console/screen/emulator.ts';
import { styleSequence } from '../../../src/console/screen/look.ts';
import { cellAt, coreOf } from '../../../src/console/screen/xterm-core.ts';

/** All that a viewer sees of an emulated screen, cell by cell, as lines of text; and where the cursor is. */
export function cellsOf({ terminal }: Emulator, history = 0): string[] {
  const { active } = terminal.buffer;
  const first = Math.max(0, active.baseY - history);
  const lines = Array.from({ length: active.baseY - first + terminal.rows }, (_, i) => {
    let look = '';
    const cells = Array.from({ length: terminal.cols }, (_, column) => {
      const cell = cellAt(active, first + i, column);
      if (!cell) return '?';
      const text = `${cell.getChars() || (cell.getWidth() === 0 ? '' : ' ')}`;
      const now = styleSequence(cell);
      const shown = now === look ? text : `${now}${text}`;
      look = now;
      return shown;
    });
    return cells.join('|');
  });
  const hidden = coreOf(terminal).coreService.isCursorHidden;
  return [
    ...lines,
    `${active.type} ${active.cursorX},${active.cursorY} ${hidden}`,
    JSON.stringify(terminal.modes),
  ];
}
