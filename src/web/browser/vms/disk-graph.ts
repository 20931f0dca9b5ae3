import type { ImageInfo } from '../../../rpc/umlmonctrl.gen.ts';
import { fitted } from '../console/fitting.ts';
import { h, svg } from '../dom.ts';
import { bytesText } from '../format.ts';

const box = { width: 210, height: 44, gapX: 56, gapY: 14 };

interface Node {
  readonly label: string;
  readonly detail: string;
  readonly look: string;
  column: number;
  row: number;
  /** What it is made over, or has open. */
  readonly over: Node[];
}

/**
 * Images from the left to the right: backing files, what is made over them, and at the end who has them open. The table
 * beside it has the same facts as text.
 */
export function drawImages(images: readonly ImageInfo[]): HTMLElement {
  const nodes = layOut(images);
  if (nodes.length === 0) return h('p', { class: 'quiet' }, 'No disk images.');
  const columns = 1 + Math.max(...nodes.map(({ column }) => column));
  const rows = 1 + Math.max(...nodes.map(({ row }) => row));
  const width = columns * (box.width + box.gapX) - box.gapX + 2;
  const height = rows * (box.height + box.gapY) - box.gapY + 2;
  const edges = nodes.flatMap((node) =>
    node.over.map((under) => svg('path', { d: edge(under, node), class: 'edge' })),
  );
  const drawing = svg(
    'svg',
    { width, height, viewBox: `-1 -1 ${width} ${height}`, 'aria-hidden': 'true' },
    ...edges,
    ...nodes.map(draw),
  );
  return fitted(h('div', { class: 'disk-graph' }, drawing));
}

/** Every image is right of its backing file, and each holder right of its image, one row for each leaf. */
function layOut(images: readonly ImageInfo[]): Node[] {
  const byPath = new Map<string, Node>();
  for (const { path, kind, size, problem } of images)
    byPath.set(path, {
      label: path,
      detail: problem ? 'problem' : `${kind}, ${bytesText(size)}`,
      look: problem ? 'bad' : kind,
      column: 0,
      row: -1,
      over: [],
    });
  for (const { path, backing } of images) {
    const under = byPath.get(backing);
    if (under) byPath.get(path)?.over.push(under);
  }
  const holders = new Map<string, Node>();
  for (const { path, holders: names } of images)
    for (const { holder } of names) {
      const node = holders.get(holder) ?? {
        label: holder,
        detail: '',
        look: 'holder',
        column: 0,
        row: -1,
        over: [],
      };
      holders.set(holder, node);
      const held = byPath.get(path);
      if (held) node.over.push(held);
    }
  const nodes = [...byPath.values(), ...holders.values()];
  for (const node of nodes) node.column = depthOf(node);
  const last = Math.max(0, ...[...byPath.values()].map(({ column }) => column));
  for (const holder of holders.values()) holder.column = last + 1;
  // From the roots to the leaves, so that a chain is a line.
  let next = 0;
  const place = (node: Node) => {
    if (node.row >= 0) return;
    const above = nodes.filter(({ over }) => over.includes(node));
    node.row = next;
    for (const [index, child] of above.entries()) {
      if (index > 0) next += 1;
      place(child);
    }
  };
  for (const node of nodes)
    if (node.over.length === 0) {
      place(node);
      next += 1;
    }
  return nodes;
}

/** Chains of backing files end; one that would not is cut. */
function depthOf({ over }: Node, limit = 16): number {
  return limit === 0 ? 0 : Math.max(0, ...over.map((under) => 1 + depthOf(under, limit - 1)));
}

function corner({ column, row }: Node): { x: number; y: number } {
  return { x: column * (box.width + box.gapX), y: row * (box.height + box.gapY) };
}

function edge(from: Node, to: Node): string {
  const [start, end] = [corner(from), corner(to)];
  const [x1, y1] = [start.x + box.width, start.y + box.height / 2];
  const [x2, y2] = [end.x, end.y + box.height / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}

function draw(node: Node): SVGElement {
  const { x, y } = corner(node);
  const longest = 25;
  const label = node.label.length > longest ? `…${node.label.slice(1 - longest)}` : node.label;
  return svg(
    'g',
    { class: `node ${node.look}`, transform: `translate(${x} ${y})` },
    svg('rect', { width: box.width, height: box.height, rx: 6 }),
    svg('text', { x: 12, y: node.detail ? 18 : 27, class: 'label' }, label),
    node.detail ? svg('text', { x: 12, y: 34, class: 'detail' }, node.detail) : null,
  );
}
