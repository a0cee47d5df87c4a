// The window in a browser: each view, the slider, a trace, the keyboard, small and large screens, and
// that what is stored is shown as text. Prints a line of "ok" or "not ok" for each test.
//
//   node test/window.mjs ADDRESS [--hostile DOMAIN ROOT CORRELATION] [--pictures DIRECTORY]
//
// ADDRESS is what "angzarr-pg browse" has printed, on the example of test/demo/shop.sql. CHROMIUM
// names the browser. --hostile is what 045_browse.pl has stored to be shown as text. --pictures
// makes those of README.md in place of testing.

import { chromium } from 'playwright-core';

const [address, ...rest] = process.argv.slice(2);
const option = (name, count) => (rest.includes(name) ? rest.slice(rest.indexOf(name) + 1, rest.indexOf(name) + 1 + count) : null);
const [pictures] = option('--pictures', 1) ?? [];
const hostile = option('--hostile', 3);
const base = address.replace(/#.*/, '');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // the page is ours, and in a container there is often no way to have the sandbox
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
});
const complaints = [];

async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();

  page.setDefaultTimeout(15_000);
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => request.url().startsWith(base) || complaints.push(`asks ${request.url()}`));
  await page.goto(address);
  await page.locator('h1').first().waitFor();
  return page;
}

// Goes to a view, and waits until it is there.
async function open(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await settled(page);
}

async function settled(page) {
  await page.waitForTimeout(150);
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => !document.getElementById('main').hasAttribute('aria-busy'));
  await page.waitForTimeout(100);
}

let failed = 0;
async function test(name, work) {
  try {
    await work();
    if (complaints.length > 0) throw new Error(complaints.splice(0).join('\n'));
    console.log(`ok ${name}`);
  } catch (error) {
    failed++;
    console.log(`not ok ${name}\n${String(error.message).replace(/^/gm, '# ')}`);
    complaints.length = 0;
  }
}

function is(got, wanted, what = '') {
  if (got !== wanted) throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
}

function matches(got, wanted, what = '') {
  if (!wanted.test(got)) throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${wanted}`);
}

const textOf = (page, selector = '#main') => page.locator(selector).first().innerText();

// The order that the example tells most of.
async function findOrder(page) {
  await open(page, '#/search/4056');
  const link = page.locator('#main a.stream-name', { hasText: 'order' });
  const root = /^#\/stream\/order\/([^?]*)/.exec(await link.getAttribute('href'))[1];
  return { root, hash: `#/stream/order/${root}` };
}

async function takePictures() {
  for (const [name, scheme, view] of [
    ['browse-stream', 'light', async (page, order) => open(page, `${order.hash}?event=5`)],
    ['browse-trace', 'dark', async (page) => open(page, '#/trace/checkout-4056')],
  ]) {
    const page = await newPage({ viewport: { width: 1280, height: 960 }, colorScheme: scheme });
    await view(page, await findOrder(page));
    await settled(page);
    await page.mouse.move(0, 0);
    await page.evaluate(() => {
      document.activeElement?.blur();
      scrollTo(0, 0);
    });
    await page.screenshot({ path: `${pictures}/${name}.png` });
  }
}

async function tests() {
  const page = await newPage();
  let order;

  await test('the key goes out of the address, and stays for links', async () => {
    is(await page.evaluate(() => location.hash), '#/');
    const other = await page.context().newPage();
    await other.goto(`${base}#/groups`);
    await other.locator('h1', { hasText: 'Groups' }).waitFor();
    await other.close();
  });
  await test('without the key, nothing is shown but how to get it', async () => {
    const context = await browser.newContext();
    const stranger = await context.newPage();
    await stranger.goto(base);
    await stranger.locator('[role=alert]').waitFor();
    matches(await textOf(stranger), /key is missing.*Open the address that the program has printed/s);
    await context.close();
  });
  await test('the overview says whether everything is read', async () => {
    await open(page, '#/');
    const text = await textOf(page);
    matches(text, /Feed\s+61\d\s+events have their position/);
    matches(text, /Groups\s+3\s+groups of workers\s+1 late/);
    matches(text, /Parked\s+1\s+stream is held back/);
    matches(text, /Evidence\s+611\s+events are sealed/);
    matches(text, /invoices\s+612 behind/);
    matches(text, /order-list\s+all read/);
    is(await page.locator('#main .events li').count(), 10, 'newest events');
  });
  await test('a reader is told nothing of rights', async () => {
    is(await page.locator('#notice').isVisible(), false);
    matches(await textOf(page, '#foot'), /read as viewer/);
  });
  await test('a business key finds its streams', async () => {
    order = await findOrder(page);
    matches(await textOf(page), /order.*payment.*shipment/s);
    is(await page.locator('#main a.stream-name').count(), 3);
  });
  await test('what is one thing is opened at once', async () => {
    await page.keyboard.press('/');
    is(await page.evaluate(() => document.activeElement.name), 'q', 'the focus');
    await page.keyboard.type(order.root.slice(0, 13));
    await page.keyboard.press('Enter');
    await page.locator('h1', { hasText: order.root }).waitFor();
    await open(page, '#/search/nobody%20knows');
    matches(await textOf(page), /Nothing is called that/);
  });
  await test('streams are listed page by page', async () => {
    await open(page, '#/streams/order');
    is(await page.locator('tbody tr').count(), 50);
    const last = await page.locator('tbody tr').last().locator('code').innerText();
    await page.getByRole('link', { name: /Next/ }).click();
    await page.waitForFunction((root) => location.hash.includes(root), last);
    await settled(page);
    is(await page.locator('tbody tr').count(), 10);
    const rest = await page.locator('tbody td:first-child').allInnerTexts();
    is(rest.every((root) => root.trim() > last), true, 'all of them come later');
    await open(page, `#/streams/order?root=${order.root.slice(0, 6)}`);
    is((await page.locator('tbody code').first().innerText()).trim(), order.root);
    await page.locator('select').selectOption('audit-2026');
    await settled(page);
    is(await page.locator('tbody tr').count(), 1, 'of an edition');
  });
  await test('a stream shows its events, and each one whole', async () => {
    await open(page, order.hash);
    is(await page.locator('a.event').count(), 11);
    matches(await textOf(page, '.detail'), /#0\s+OrderOpened/);
    await page.locator('#e6').click();
    await page.locator('.detail h2', { hasText: 'OrderShipped' }).waitFor();
    matches(await page.evaluate(() => location.hash), /[?&]event=6$/);
    matches(await textOf(page, '.detail'), /Correlation\s+checkout-4056.*Caused by\s+shipment.*"parcel": "CH-4056".*"service": "shop"/s);
    await page.locator('.detail button', { hasText: 'Hex' }).click();
    matches(await textOf(page, '.detail pre'), /^000000 {2}7b 22/);
  });
  await test('the arrows go from event to event, and Enter opens it', async () => {
    await page.locator('#e6').focus();
    await page.keyboard.press('ArrowDown');
    is(await page.evaluate(() => document.activeElement.id), 'e7');
    await page.keyboard.press('k');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.locator('.detail h2', { hasText: 'OrderPaid' }).waitFor();
    matches(await textOf(page, '.detail'), /Has caused.*stock.*GoodsReserved.*shipment|Has caused.*shipment.*stock/s);
  });
  await test('an event can be linked to', async () => {
    const hash = await page.evaluate(() => location.hash);
    const other = await page.context().newPage();
    await other.goto(`${base}${hash}`);
    await other.locator('.detail h2', { hasText: 'OrderPaid' }).waitFor();
    await other.close();
  });
  await test('editions branch off where they do', async () => {
    is(await page.locator('.branches-names li').count(), 3);
    const x = async (line, sequence) => Number(await page.locator(`.branch:nth-child(${line}) a[href$="event=${sequence}"] .dot`).getAttribute('cx'));
    is(await page.locator('.branch:nth-child(1) .dot').count(), 11, 'events of the main timeline');
    is(await page.locator('.branch:nth-child(2) .dot').count(), 3, 'of the first edition');
    is(await x(2, 5), await x(1, 5), 'its first event is below the one that it stands for');
    matches(await page.locator('.branch:nth-child(2) path').getAttribute('d'), new RegExp(`^M${await x(1, 4)} `), 'and it begins at the last one that is shared');
    await page.getByRole('link', { name: /pay-by-invoice/ }).first().click();
    await settled(page);
    matches(await textOf(page, '.lead'), /8 events on pay-by-invoice/);
    matches(await textOf(page, '.events'), /OrderPlaced.*InvoiceSent.*OrderShipped.*InvoicePaid/s);
  });
  await test('the slider goes through the states', async () => {
    await open(page, `${order.hash}?view=state&at=8`);
    const state = () => textOf(page, '.state');
    matches(await state(), /Event #8\s+ReturnRequested.*Snapshot at 6.*2 events behind.*−\s*"status": "placed".*\+\s*"status": "shipped".*item\s+"Gift wrap".*2 events after the snapshot/s);
    await page.locator('#slider').focus();
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => location.hash.includes('at=7'));
    await settled(page);
    matches(await state(), /Event #7\s+OrderDelivered.*1 event behind/s);
    await page.locator('#slider').fill('3');
    await page.waitForFunction(() => location.hash.includes('at=3'));
    await settled(page);
    matches(await state(), /Event #3\s+AddressChanged.*Snapshot at 1/s);
    await page.getByRole('button', { name: 'Snapshot after' }).click();
    await settled(page);
    matches(await state(), /Snapshot at 4\s+the whole state.*No events after the snapshot/s);
    await page.getByRole('button', { name: 'First event' }).click();
    await settled(page);
    matches(await state(), /There is none at or below this sequence.*1 event so far/s);
    is(await page.locator('#slider').getAttribute('aria-valuetext'), 'after event 0 of 10');
    // many moves at once: the last one counts
    await page.locator('#slider').evaluate((slider) => {
      for (const at of [1, 5, 2, 9, 10]) {
        slider.value = String(at);
        slider.dispatchEvent(new Event('input'));
      }
    });
    await settled(page);
    matches(await state(), /Event #10\s+ReturnAccepted.*Snapshot at 10/s);
  });
  await test('a trace is followed over streams', async () => {
    await open(page, `${order.hash}?event=4`);
    await page.locator('.detail a', { hasText: 'checkout-4056' }).click();
    await page.locator('h1', { hasText: 'checkout-4056' }).waitFor();
    await settled(page);
    is(await page.locator('.traced li').count(), 17);
    is(await page.locator('.legend li').count(), 4);
    is(await page.locator('.lanes circle').count(), 17);
    is(await page.locator('.lanes path.cause').count(), await page.locator('a.cause').count(), 'a line for each cause');
    const types = (await page.locator('.traced .type').allInnerTexts());
    is(types.indexOf('OrderPlaced') < types.indexOf('PaymentRequested') && types.indexOf('PaymentCaptured') < types.indexOf('OrderPaid'), true, 'causes come first');
    matches(await textOf(page, '.traced'), /PaymentRequested[^↳]*↳ caused by OrderPlaced #4 of order, 1 s later/s);
    await page.locator('a.cause').first().click();
    matches(await page.evaluate(() => document.activeElement.innerText), /OrderPlaced/);
    await page.keyboard.press('Enter');
    await page.locator('.detail h2', { hasText: 'OrderPlaced' }).waitFor();
  });
  await test('protobuf is shown by its fields', async () => {
    await open(page, '#/search/4056');
    await page.locator('#main a.stream-name', { hasText: 'shipment' }).click();
    await page.locator('.detail h2', { hasText: 'carrier.ParcelAnnounced' }).waitFor();
    matches(await textOf(page, '.detail pre'), /1: "CH-4056"\s+2: \{\s+1: "Ada"/);
  });
  await test('the feed is read backward and by domain', async () => {
    await open(page, '#/feed');
    is(await page.locator('#main .events li').count(), 50);
    const newest = await page.locator('#main .number').first().innerText();
    await page.getByRole('link', { name: 'Earlier' }).click();
    await settled(page);
    is(Number(await page.locator('#main .number').first().innerText()), Number(newest) - 50);
    await page.locator('#feed-domain').fill('payment');
    await page.locator('#feed-after').fill('10');
    await page.keyboard.press('Enter');
    await settled(page);
    const domains = new Set(await page.locator('#main .domain').allInnerTexts());
    is([...domains].join(), 'payment');
    await open(page, '#/feed?after=99999999');
    matches(await textOf(page), /No events/);
  });
  await test('groups show their partitions and what is parked', async () => {
    await open(page, '#/groups');
    matches(await textOf(page), /invoices\s+612 behind.*232 positions behind.*mailer.*order-list\s+all read.*Parked streams.*550 no such mailbox/s);
    await page.getByRole('link', { name: 'mailer' }).click();
    await settled(page);
    is(await page.locator('.partitions li').count(), 4);
    await page.locator('#positions').fill('no such handler');
    await page.keyboard.press('Enter');
    await settled(page);
    matches(await textOf(page), /Behind|all read/);
  });
  await test('the evidence says what is sealed, and what was erased', async () => {
    await open(page, '#/evidence');
    matches(await textOf(page), /Origin\s+shop\.example\/orders.*611 of 61\d events.*none is filed.*100.*OrderOpened.*case 118/s);
    await page.locator('a.stream-name').first().click();
    await page.locator('.detail', { hasText: 'case 118' }).waitFor();
    matches(await textOf(page, '.detail'), /erased.*it was OrderOpened/s);
  });
  await test('what is no view says so', async () => {
    for (const hash of ['#/nothing', '#/stream/order/not-a-uuid', '#/constructor', '#/%E0%A4%A']) {
      await page.evaluate((to) => { location.hash = to; }, hash);
      await page.locator('[role=alert]').waitFor();
      await settled(page);
    }
    // the browser itself tells of answers that are no success
    complaints.splice(0, Infinity, ...complaints.filter((one) => !/status of 400/.test(one)));
  });
  await test('every control has a name, and headings are in order', async () => {
    for (const hash of ['#/', '#/streams/order', `${order.hash}?event=1`, `${order.hash}?view=state`, '#/trace/checkout-4056', '#/feed', '#/groups', '#/evidence']) {
      await open(page, hash);
      const nameless = await page.evaluate(() => [...document.querySelectorAll('a, button, input, select, [role=region]')]
        .filter((one) => !one.closest('[aria-hidden=true]') && !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.[0]?.textContent.trim()))
        .map((one) => one.outerHTML.slice(0, 200)));
      is(nameless.join('\n'), '', hash);
      is(await page.locator('h1').count(), 1, `${hash}: headings`);
      const hidden = await page.evaluate(() => [...document.querySelectorAll('[aria-hidden=true] a, [aria-hidden=true] button')].filter((one) => one.tabIndex >= 0).length);
      is(hidden, 0, `${hash}: what a screen reader does not see is not focused`);
      const ids = await page.evaluate(() => [...document.querySelectorAll('[id]')].map((one) => one.id).filter((id, i, all) => all.indexOf(id) !== i));
      is(ids.join(), '', `${hash}: ids that are used twice`);
    }
  });
  await test('text can be read, in light and dark', async () => {
    for (const scheme of ['light', 'dark']) {
      const other = await newPage({ colorScheme: scheme });
      for (const hash of ['#/', `${order.hash}?event=1`, `${order.hash}?view=state&at=8`, '#/trace/checkout-4056', '#/groups', '#/evidence']) {
        await open(other, hash);
        is((await other.evaluate(faint)).join('\n'), '', `${scheme} ${hash}`);
      }
      const background = () => other.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const before = await background();
      await other.locator('#theme').click();
      is(before === await background(), false, 'the button switches');
      await other.context().close();
    }
  });
  await test('nothing is wider than the screen, from 360 to 1600 pixels', async () => {
    for (const width of [360, 768, 1600]) {
      const other = await newPage({ viewport: { width, height: 800 } });
      for (const hash of ['#/', '#/streams/order', `${order.hash}?event=6`, `${order.hash}?view=state&at=8`, '#/trace/checkout-4056', '#/feed', '#/groups', '#/evidence', '#/search/4056',
        ...hostile ? [`#/stream/${encodeURIComponent(hostile[0])}/${hostile[1]}?event=0`, `#/trace/${encodeURIComponent(hostile[2])}`] : []]) {
        await open(other, hash);
        const wide = await other.evaluate(() => document.documentElement.scrollWidth);
        is(wide <= width, true, `${hash} at ${width}: ${wide}`);
      }
      await other.context().close();
    }
  });
  await test('on a small screen, an event opens where it stands', async () => {
    const small = await newPage({ viewport: { width: 360, height: 800 } });
    await open(small, order.hash);
    await small.locator('#e3').click();
    await small.locator('li:has(#e3) .detail h2', { hasText: 'AddressChanged' }).waitFor();
    await small.context().close();
  });
  await test('what is new appears by itself, and the focus stays', async () => {
    await open(page, '#/feed');
    await page.locator('#feed-type').focus();
    await page.waitForTimeout(3500);
    await settled(page);
    is(await page.evaluate(() => document.activeElement.id), 'feed-type');
  });
  if (hostile) {
    const [domain, root, correlation] = hostile;
    await test('what is stored is shown as text', async () => {
      for (const hash of ['#/', '#/streams', `#/streams/${encodeURIComponent(domain)}`, `#/trace/${encodeURIComponent(correlation)}`, '#/feed', '#/groups', '#/evidence',
        `#/search/${encodeURIComponent(correlation)}`, `#/stream/${encodeURIComponent(domain)}/${root}?view=state`,
        ...Array.from({ length: 8 }, (_, i) => `#/stream/${encodeURIComponent(domain)}/${root}?event=${i}`)]) {
        await open(page, hash);
        const made = await page.evaluate(() => ({
          elements: document.querySelectorAll('#main img, #main script, #main iframe, #main style, #main object, #main svg [onload], #main [onerror], #main b').length,
          links: [...document.querySelectorAll('#main a')].filter((link) => !link.getAttribute('href')?.startsWith('#')).length,
          ran: window.hacked ?? 'nothing',
        }));
        is(JSON.stringify(made), '{"elements":0,"links":0,"ran":"nothing"}', hash);
      }
      await open(page, `#/stream/${encodeURIComponent(domain)}/${root}?event=0`);
      const text = await textOf(page);
      matches(text, /<img src=x onerror=/, 'the domain');
      matches(text, /<script>window\.hacked/, 'the type');
      matches(text, /\\u202e/, 'what would turn the text');
    });
    await test('a million bytes, and a time beyond JavaScript’s, can be shown', async () => {
      await open(page, `#/stream/${encodeURIComponent(domain)}/${root}?event=5`);
      matches(await textOf(page, '.detail'), /1\.0 MB, of which the first 262 kB are shown/);
      await open(page, `#/stream/${encodeURIComponent(domain)}/${root}?event=7`);
      matches(await textOf(page, '.detail'), /294276-12-31/);
    });
    await test('numbers keep their digits', async () => {
      await open(page, `#/stream/${encodeURIComponent(domain)}/${root}?event=6`);
      matches(await textOf(page, '.detail'), /"n": 12345678901234567890\.10/);
    });
  }
}

// Elements with text that is too faint on what is behind it: below 4.5 to 1, as WCAG 2 asks. Runs in the page.
function faint() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const [r, g, b] = rgba(color).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (rgba(color)[3] === 255) return color;
    }
    return 'white';
  };
  const found = new Set();
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility() || element.closest('svg, noscript') || ![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(background(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}: ${element.textContent.slice(0, 40)}`);
  }
  return [...found].slice(0, 10);
}

try {
  await (pictures ? takePictures() : tests());
} finally {
  await browser.close();
}
process.exitCode = failed > 0 ? 1 : 0;
