import type { BrowserContext, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Role } from '../../../src/rpc/roles.ts';
import { passwordOf } from './web.ts';

/** The time limit of each wait of a browser: so long that its end means a failure, not a slow machine. */
export const patience = { timeout: 20_000 };

/** A page of umlweb, after the login: the dashboard, unless the address names another page; errors of the browser go to `complaints`. */
export async function openPage(
  context: BrowserContext,
  url: string,
  role: Role,
  complaints: string[],
  heading = 'Virtual machines',
): Promise<Page> {
  const page = await context.newPage();
  page.on('console', (message) => {
    if (/Content.Security.Policy|Refused to/i.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  await page.getByLabel('Password').fill(passwordOf(role));
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: heading }).waitFor();
  return page;
}

/** The screen of a console page. */
export const screenOf = (page: Page): Locator => page.locator('.xterm-rows');

/** Waits until the screen shows it; the blanks of the DOM are those of a page. */
export async function shows(screen: Locator, pattern: RegExp): Promise<void> {
  await expect.poll(async () => (await linesOf(screen)).join('\n'), patience).toMatch(pattern);
}

export async function linesOf(screen: Locator): Promise<string[]> {
  const lines = await screen.locator('> div').allInnerTexts();
  return lines.map((text) => text.replaceAll('\u00a0', ' ').trimEnd());
}

/** Types a line, and Enter. */
export async function typeLine(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}
