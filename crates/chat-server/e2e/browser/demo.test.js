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

let pages = 0;

/** A fresh page with both signed in, under names of their own, and matched; `wrong` collects what must not happen. */
async function openDemo(options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const wrong = [];
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (/^(http|ws)/.test(protocol) && host !== `127.0.0.1:${server.port}`) wrong.push(`request: ${request.url()}`);
  });
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (line) => line.type() === 'error' && wrong.push(`console: ${line.text()}`));
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(server.url);
  pages += 1;
  const pane = (side) => {
    const root = page.getByTestId(`pane-${side}`);
    return {
      part: (id) => root.getByTestId(id),
      /** A narrow screen shows one pane at a time. */
      show: () => page.locator(`[data-chip="${side}"]`).click(),
      enter: async () => {
        await root.locator('input[name=user]').fill(`${side}-${pages}`);
        await root.getByTestId('signin').click();
        await root.getByTestId('signin').waitFor({ state: 'hidden' });
      },
      message: (text) => root.getByTestId('messages').getByTestId('message').filter({ hasText: text }),
      say: async (text) => {
        await root.getByTestId('message-input').fill(text);
        await root.getByTestId('send').click();
      },
    };
  };
  const [a, b] = [pane('a'), pane('b')];
  for (const side of [a, b]) {
    await side.show();
    await side.enter();
  }
  await page.getByTestId('match').click();
  await page.locator('[data-testid="message-input"]:disabled').first().waitFor({ state: 'detached' });
  return { page, context, a, b, wrong };
}

/** Waits until the message has one of the states, whether or not its pane is the one that is shown. */
const inState = (message, ...states) => Promise.any(states.map((state) =>
  message.and(message.page().locator(`[data-state="${state}"]`)).waitFor({ state: 'attached' })));

test('two people sign in, are matched and chat, and see ticks', async () => {
  const { a, b, context, wrong } = await openDemo();
  await a.say('hello from a');
  await b.message('hello from a').waitFor();
  await inState(a.message('hello from a'), 'delivered', 'read');
  await b.part('message-input').click();
  await inState(a.message('hello from a'), 'read');
  await b.say('hello from b');
  await a.message('hello from b').waitFor();
  await inState(b.message('hello from b'), 'delivered', 'read');
  assert.equal(await a.message('hello from a').count(), 1);
  assert.equal(await b.message('hello from a').count(), 1);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('each sees the other online, and typing', async () => {
  const { a, b, context } = await openDemo();
  for (const pane of [a, b]) await pane.part('presence').filter({ hasText: /online/i }).waitFor();
  await b.part('message-input').pressSequentially('I am typing this', { delay: 30 });
  await a.part('typing').waitFor({ state: 'visible' });
  assert.equal(await b.part('typing').isVisible(), false, 'b sees itself typing');
  await b.part('send').click();
  await a.message('I am typing this').waitFor();
  await a.part('typing').waitFor({ state: 'hidden' });
  await context.close();
});

test('the conversation is there again after a reload', async () => {
  const { page, a, b, context } = await openDemo();
  const name = `a-${pages}`;
  await a.say('written before the reload');
  await b.message('written before the reload').waitFor();
  await page.reload();
  await a.part('signin').waitFor();
  await page.getByTestId('pane-a').locator('input[name=user]').fill(name);
  await page.getByTestId('pane-b').locator('input[name=user]').fill(`b-${pages}`);
  await a.part('signin').click();
  await a.message('written before the reload').waitFor();
  await context.close();
});

test('markup is text, and runs nowhere', async () => {
  const { page, a, b, context, wrong } = await openDemo();
  await a.say('<img src=x onerror=alert(1)>harmless & <3');
  await b.message('harmless & <3').waitFor();
  assert.equal(await page.locator('[data-testid="message"] img').count(), 0);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('usable on a phone: nothing sticks out, everything can be reached', async () => {
  const { page, a, b, context } = await openDemo(PHONE);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
  await a.show();
  await a.say('sent from a phone');
  await a.message('sent from a phone').waitFor();
  await b.show();
  await b.message('sent from a phone').waitFor();
  await inState(a.message('sent from a phone'), 'read');
  await b.say('and answered from it');
  await a.show();
  await a.message('and answered from it').waitFor();
  await context.close();
});
