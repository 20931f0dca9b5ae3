/** The sequences of the menus of vttest, one test for each menu; each is output of a program, from a reset terminal on. */
const esc = '\x1b';
const csi = `${esc}[`;
const rows = 24;
const columns = 80;
const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const at = (row: number, column: number) => `${csi}${row};${column}H`;

/** A frame of E and + around the screen, drawn with cursor movements, index and reverse index. */
const movements = [
  `${esc}#8${at(9, 10)}${csi}1J${at(18, 60)}${csi}0J${csi}1K${at(9, 71)}${csi}0K`,
  ...range(7).map((i) => `${at(i + 9, 10)}${csi}1K${at(i + 9, 71)}${csi}0K`),
  `${at(17, 30)}${csi}2K`,
  ...range(columns).map((column) => `${csi}24;${column}f*${csi}1;${column}f*`),
  at(2, 2),
  ...range(22).map(() => `+${csi}1D${esc}D`),
  at(23, 79),
  ...range(22).map(() => `+${csi}1D${esc}M`),
  at(2, 1),
  ...range(22).map((i) => `*${at(i + 1, 80)}*${csi}10D${esc}E`),
  `${at(2, 10)}${csi}42D${csi}2C`,
  ...range(76).map(() => `+${csi}0C${csi}2D${csi}1C`),
  `${at(23, 70)}${csi}42C${csi}2D`,
].join('');

/** Wrapping at the last column, and after it. */
const wrapping = [
  ...range(30).map((i) => `${String.fromCharCode(64 + (i % 26))}`.repeat(columns)),
  `${csi}?7l${at(3, 75)}0123456789${csi}?7h${at(5, 78)}abcdef\b\b${at(7, 80)}x${csi}D${csi}Cy`,
].join('');

/** Control characters within sequences, and leading zeros. */
const controls = `A B C D E F G H I${esc}[2\bC A${esc}[\r2CB${esc}[1\x0b;5Hq${at(4, 1)}A ${csi}00000000004;000000001HB`;

/** Scrolling regions, with and without origin mode, in both directions. */
const scrolling = [
  ...[true, false].flatMap((isDown) => [
    `${csi}3;21r${csi}?6${isDown ? 'h' : 'l'}${at(isDown ? 19 : 3, 1)}`,
    ...range(29).map((i) => `line ${i} of a region ${isDown ? '\r\n' : `${esc}M\r`}`),
  ]),
  `${csi}?6l${csi}r${at(24, 1)}below\n${csi}23;24r${csi}?6h${csi}2J${at(24, 1)}bottom${at(1, 1)}top${csi}?6l`,
].join('');

/** Graphic renditions, bright ones, 256 colours, true colour, and colour behind erased text. */
const renditions = [
  `${csi}2J`,
  ...[0, 1, 4, 5, 7, 14, 47, 457, 1457].map(
    (set, i) => `${at(2 + i, 1 + 40 * (i % 2))}${csi}0;${[...`${set}`].join(';')}mrendition ${set}`,
  ),
  ...range(16).map(
    (i) => `${at(12, 4 * i)}${csi}${i > 8 ? 92 + i - 9 : 29 + i};${i > 8 ? 99 : 40 + (i % 8)}m##`,
  ),
  ...range(255).map((i) => `${csi}48;5;${i}m${i % 60 === 0 ? '\r\n' : ' '}`),
  ...range(40).map((i) => `${csi}38;2;${i * 6};${255 - i * 6};${i}m*`),
  `${csi}44m${at(20, 10)}${csi}K${at(21, 1)}${csi}5X${csi}0;1;42m${csi}2L${csi}0m`,
].join('');

/** Character sets: line drawing in G0 and G1, the British one, and saved cursors with them. */
const sets = [
  `${csi}2J${at(2, 2)}${esc}(0lqqqqqqqqk${at(3, 2)}x        x${at(4, 2)}mqqqqqqqqj${esc}(B`,
  `${at(6, 2)}${esc})0abc\x0eabc~\x0fabc${esc}(A#${esc}(B#`,
  `${at(8, 5)}${csi}1;33m${esc}(0${esc}7${csi}0m${esc}(B${at(1, 1)}x${esc}8qqq after`,
].join('');

/** Tab stops, and the screen behind the alternate one. */
const tabs = [
  `${csi}2J${csi}3g${at(1, 1)}`,
  ...range(13).map(() => `${csi}6C${esc}H`),
  `${at(2, 1)}`,
  ...range(13).map(() => '\t*'),
  `${at(4, 1)}normal${csi}?1049h${csi}2J${at(3, 3)}alternate${csi}31m\t|\t|`,
].join('');

/** Insert and delete, of characters and lines, of VT102. */
const insertDelete = [
  ...range(rows).map((row) => `${at(row, 1)}${String.fromCharCode(64 + row).repeat(columns)}`),
  `${at(4, 1)}${csi}2M${at(10, 5)}${csi}3L${at(12, 20)}${csi}10P${at(13, 30)}${csi}6@inside${csi}4h`,
  `${at(15, 2)}${'*'.repeat(20)}${csi}4l${at(16, 78)}${csi}4hab${csi}4l${csi}2;20r${at(20, 1)}${csi}3T${csi}1S`,
].join('');

/** Wide characters at the edges, combining marks, and text written over halves of them. */
const wide = [
  `${csi}2J${at(1, 79)}漢字 wrapped${at(3, 80)}漢${at(4, 1)}漢字漢字${at(4, 2)}x${at(4, 5)}${csi}K`,
  `${at(6, 1)}e\u0301 a\u0308\u0323 가 ｆｕｌｌ 😀 ${at(8, 1)}漢字漢字漢字${at(8, 4)}${csi}1P${csi}2@${at(9, 2)}字`,
].join('');

export const corpus = {
  movements,
  wrapping,
  controls,
  scrolling,
  renditions,
  sets,
  tabs,
  insertDelete,
  wide,
} as const;
