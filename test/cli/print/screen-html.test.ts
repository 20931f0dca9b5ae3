import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { screenHtml } from '../../../src/cli/print/screen-html.ts';
import { pictureText, unwrappedText } from '../../../src/rpc/picture-text.ts';
import { picture } from '../../rpc/stub-handlers.ts';

test('a picture as text', () => {
  expect(pictureText(picture)).toEqual(['login:', 'a <b> &']);
  expect(unwrappedText(picture)).toEqual(['login:', 'a <b> &']);
  const wrapped = picture.lines.map((line, i) => ({ ...line, wrapped: i === 1 }));
  expect(unwrappedText({ lines: wrapped })).toEqual(['login: a <b> &']);
  const hostile = { text: 'x\x1b[2J\u202ey', cells: 5, foreground: 0, background: 0, style: 0 };
  expect(pictureText({ lines: [{ wrapped: false, runs: [hostile] }] })).toEqual(['x\\x1b[2J\\u{202e}y']);
});

test('a picture as a page, as a reader of HTML sees it', () => {
  const page = screenHtml(picture, 'con1 of <vm1>');
  const { status, stdout, stderr } = spawnSync('python3', ['-c', reader], { input: page, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [text = '', ...styles] = stdout.trimEnd().split('\x1e');
  expect(text).toBe('login: \na <b> & \n');
  expect(styles).toEqual([
    'color:#cd0000;font-weight:bold',
    // Inverse: colours change places.
    'color:#ff00d7;background:#102030',
  ]);
});

/** Python's own reader of HTML: the text of the page, and its styles. */
const reader = `
import sys
from html.parser import HTMLParser
class Reader(HTMLParser):
    inside = False
    text = ''
    styles = []
    def handle_starttag(self, tag, attributes):
        if tag == 'pre': self.inside = True
        if tag == 'script': sys.exit(1)
        self.styles += [value for name, value in attributes if name == 'style']
    def handle_endtag(self, tag):
        if tag == 'pre': self.inside = False
    def handle_data(self, data):
        if self.inside: self.text += data
page = Reader()
page.feed(sys.stdin.read())
sys.stdout.write('\\x1e'.join([page.text] + page.styles))
`;
