import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Keeps it from talking to anybody but the pages of the test; as root it has no sandbox. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The machine's Chromium, without a window. Contexts of it want `contextOptions`. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? candidates.find((path) => existsSync(path));
  if (executablePath === undefined)
    throw new Error('Chromium is not there: apt-get install chromium, or set CHROMIUM to its path');
  return await chromium.launch({ executablePath, args, headless: true });
}

/** The CA of a test is in no browser's store. */
export const contextOptions = { ignoreHTTPSErrors: true } as const;
