// The demo page in a headless browser: two people side by side, as somebody would try it out.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';

import { DEVELOPMENT, useServer } from '../harness/server.js';

const server = await useServer(DEVELOPMENT);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
after(() => browser.close());

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** A fresh page with both signed in and matched; `foreign` and `errors` collect what must not happen. */
async function openDemo(options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const foreign = [];
  const errors = [];
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (/^(http|ws)/.test(protocol) && host !== `127.0.0.1:${server.port}`) foreign.push(request.url());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('dialog', (dialog) => {
    errors.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(server.url);
  const pane = (name) => {
    const root = page.getByTestId(`pane-${name}`);
    return {
      root,
      part: (id) => root.getByTestId(id),
      message: (text) => root.getByTestId('messages').getByTestId('message').filter({ hasText: text }),
      say: async (text) => {
        await root.getByTestId('message-input').fill(text);
        await root.getByTestId('send').click();
      },
    };
  };
  const [a, b] = [pane('a'), pane('b')];
  await a.part('signin').click();
  await b.part('signin').click();
  await page.getByTestId('match').click();
  return { page, context, a, b, foreign, errors };
}

/** Waits until the element has one of the states. */
const inState = (message, ...states) => Promise.any(states.map((state) =>
  message.and(message.page().locator(`[data-state="${state}"]`)).waitFor()));

test('two people sign in, are matched and chat, and see ticks', async () => {
  const { a, b, context, foreign, errors } = await openDemo();
  await a.say('hello from a');
  await b.message('hello from a').waitFor();
  await inState(a.message('hello from a'), 'delivered', 'read');
  await b.say('hello from b');
  await a.message('hello from b').waitFor();
  await inState(b.message('hello from b'), 'delivered', 'read');
  await inState(a.message('hello from a'), 'read');
  assert.equal(await a.message('hello from a').count(), 1);
  assert.equal(await b.message('hello from a').count(), 1);
  assert.deepEqual({ foreign, errors }, { foreign: [], errors: [] });
  await context.close();
});

test('each sees the other online, and typing', async () => {
  const { page, a, b, context } = await openDemo();
  await a.say('are you there?');
  await b.message('are you there?').waitFor();
  await page.waitForFunction(() => ['a', 'b'].every((name) =>
    /online/i.test(document.querySelector(`[data-testid="pane-${name}"] [data-testid="presence"]`)?.textContent ?? '')));
  await b.part('message-input').pressSequentially('I am typ', { delay: 30 });
  await page.waitForFunction(() =>
    document.querySelector('[data-testid="pane-a"] [data-testid="typing"]')?.textContent.trim());
  assert.equal((await b.part('typing').textContent()).trim(), '', 'b sees itself typing');
  await context.close();
});

test('markup is text, and runs nowhere', async () => {
  const { page, a, b, context, errors } = await openDemo();
  await a.say('<img src=x onerror=alert(1)>harmless & <3');
  await b.message('harmless & <3').waitFor();
  assert.equal(await page.locator('[data-testid="message"] img').count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
});

test('usable on a phone: nothing sticks out, everything can be reached', async () => {
  const { page, a, b, context } = await openDemo(PHONE);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
  await a.say('sent from a phone');
  await b.message('sent from a phone').waitFor();
  await b.message('sent from a phone').scrollIntoViewIfNeeded();
  await context.close();
});
