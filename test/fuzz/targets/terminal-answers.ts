/**
 * What a terminal would answer in some output, found by reading it as a terminal does (Paul Williams, "A parser for
 * DEC's ANSI-compatible video terminals"; xterm's ctlseqs): control characters take effect within a sequence, ESC begins
 * a new one, CAN and SUB end one. Independent of the program's own idea of it.
 */
export function answersIn(output: Uint8Array): string[] {
  const answers: string[] = [];
  let state: 'ground' | 'escape' | 'csi' | 'string' = 'ground';
  let sequence = '';
  const endString = () => {
    if (/^\].*;\?/.test(sequence) || /^P[+$]q/.test(sequence)) answers.push(sequence);
  };
  // U+0080 to U+009F are ESC and a letter in one.
  const text = Buffer.from(output).toString('latin1');
  const plain = text.replace(
    /\xc2([\x80-\x9f])/g,
    (_, c1: string) => `\x1b${String.fromCharCode(c1.charCodeAt(0) - 0x40)}`,
  );
  for (const byte of Buffer.from(plain, 'latin1')) {
    const character = String.fromCharCode(byte);
    if (byte === 0x18 || byte === 0x1a) state = 'ground';
    else if (byte === 0x1b) {
      // ESC \ ends a string, and so does ESC with anything else.
      if (state === 'string') endString();
      state = 'escape';
      sequence = '';
    } else if (state === 'string') {
      if (byte === 0x07 && sequence.startsWith(']')) {
        endString();
        state = 'ground';
      } else sequence += character;
    } else if (byte === 0x05) answers.push('ENQ');
    else if (byte < 0x20) continue;
    else if (state === 'escape') {
      sequence += character;
      if (character === '[') state = 'csi';
      else if ('PX]^_'.includes(character)) state = 'string';
      else if (byte >= 0x30) {
        if (sequence === 'Z') answers.push(sequence);
        state = 'ground';
      }
    } else if (state === 'csi') {
      sequence += character;
      if (byte < 0x40 || byte > 0x7e) continue;
      if (isAnswered(sequence)) answers.push(sequence);
      state = 'ground';
    }
  }
  return answers;
}

/** Device attributes, status and terminal parameters; requests of modes, state, names, checksums, graphics, keyboard, window. */
function isAnswered(sequence: string): boolean {
  const [, mode = '', first = '', kind = ''] = /^\[([<=>?]?)([\d:]*)[\d:;<=>?]*(.*)$/.exec(sequence) ?? [];
  if (kind === 't') return mode === '' && Number(first) >= 11 && Number(first) <= 21;
  if (mode === '?' && ['m', 'S', 'u'].includes(kind)) return true;
  if (mode === '>' && kind === 'q') return true;
  return ['c', 'n', 'x', '$p', '$u', '$w', '*y', "'|", '"v'].includes(kind);
}
