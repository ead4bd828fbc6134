// Opens reports in Chromium as a reader would: hovers, sorts, filters, saves, prints.
//
// node report.mjs GANAS FOLDER
//     makes runs with the binary GANAS in FOLDER, and checks their reports
// node report.mjs --picture PAGE.html FILE.png
//     a picture of the top of a page
// node report.mjs --measure PAGE.html...
//     how soon pages can be used, in milliseconds

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** A page that fails the test if it complains or asks for anything but itself. */
async function open(browser, file, width, scheme) {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!/^(file|blob|data):/.test(request.url())) complaints.push(`asks for ${request.url()}`);
  });
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
  return { page, complaints, close: () => context.close() };
}

/** Scrolls through the page, so that all figures are drawn. */
async function scroll(page) {
  for (const chart of await page.$$(".chart")) {
    await chart.evaluate((element) => element.scrollIntoView({ block: "center" }));
    await chart.waitForSelector("svg path, canvas", { state: "attached" });
  }
  await page.evaluate(() => scrollTo(0, 0));
}

/** Texts that lie on each other or leave their chart. */
const clashes = (page) =>
  page.evaluate(() => {
    const found = [];
    for (const svg of document.querySelectorAll(".chart svg")) {
      const title = svg.closest("figure").querySelector("h4").textContent;
      const frame = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll("text")]
        .filter((text) => text.textContent.trim())
        .map((text) => [text.textContent, text.getBoundingClientRect()]);
      texts.forEach(([text, a], i) => {
        if (a.left < frame.left - 2 || a.right > frame.right + 2) found.push(`${title}: "${text}" is cut off`);
        for (const [other, b] of texts.slice(i + 1)) {
          const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (width > 2 && height > 4) found.push(`${title}: "${text}" on "${other}"`);
        }
      });
    }
    return found;
  });

/** What every page keeps to at every width and in both schemes. */
async function looks(browser, file, expected) {
  for (const width of [400, 1400]) {
    for (const scheme of ["light", "dark"]) {
      const { page, complaints, close } = await open(browser, file, width, scheme);
      await scroll(page);
      const empty = await page.$$eval(
        ".chart",
        (charts) => charts.filter((c) => !c.querySelector("svg path, canvas")).length,
      );
      assert.equal(empty, 0, `${file}: ${empty} figures are empty`);
      assert.deepEqual(await clashes(page), [], `${file} at ${width}, ${scheme}`);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${file} is ${beyond} pixels wider than ${width}`);
      const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(back, scheme === "dark" ? "rgb(13, 17, 23)" : "rgb(255, 255, 255)");
      for (const text of expected)
        assert.ok((await page.textContent("body")).includes(text), `${file} lacks "${text}"`);
      assert.deepEqual(complaints, [], file);
      await close();
    }
  }
}

const figure = (page, title) => page.locator("figure", { has: page.locator("h4", { hasText: title }) }).first();

async function tooltips(page) {
  const best = figure(page, "Best so far");
  await best.scrollIntoViewIfNeeded();
  const box = await best.locator(".chart").boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5);
  await page.mouse.move(box.x + box.width * 0.62, box.y + box.height * 0.5);
  const tip = best.locator(".chart > div").last();
  await tip.waitFor({ state: "visible" });
  assert.match(await tip.textContent(), /queries [\d\s]+.*ga-nas: [\d.]+/s);
  const scatter = figure(page, "against other metrics");
  await scatter.scrollIntoViewIfNeeded();
  await page.waitForTimeout(200);
  const marks = await scatter.locator("svg path[fill]").all();
  let said = "";
  for (const mark of marks.slice(-6)) {
    const place = await mark.boundingBox();
    if (!place || place.width > 30) continue;
    await page.mouse.move(place.x + place.width / 2 - 1, place.y + place.height / 2);
    await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
    await page.waitForTimeout(100);
    said = await scatter.locator(".chart > div").last().textContent();
    if (/accuracy/.test(said)) break;
  }
  assert.match(said, /accuracy [\d.]+.*;/s, "a point says what it is");
}

async function table(page, constraint) {
  const archs = page.locator(".archs");
  await archs.scrollIntoViewIfNeeded();
  const column = async (i) => archs.locator(`tbody tr td:nth-child(${i})`).allTextContents();
  const numbers = async (i) => (await column(i)).map((text) => Number(text.replace(/\s/g, "")));
  const sorted = (values, sign) => values.every((v, i) => i === 0 || sign * (v - values[i - 1]) >= 0);
  assert.ok(sorted(await numbers(2), -1), "the best come first");
  await archs.locator("th button", { hasText: "accuracy" }).click();
  assert.ok(sorted(await numbers(2), 1), "a second click turns the order");
  assert.equal(await archs.locator("th[aria-sort]").getAttribute("aria-sort"), "ascending");
  await archs.locator("th button", { hasText: "params" }).click();
  const metric = await archs.locator("thead th").allTextContents();
  assert.ok(sorted(await numbers(metric.indexOf("params") + 1), -1));
  const count = async () =>
    Number((await archs.locator("span[aria-live]").textContent()).split(" of ")[1].replace(/\s/g, ""));
  const all = await count();
  await archs.locator("input[type=search]").fill("params <= 10 a;");
  assert.ok((await count()) < all);
  for (const value of await numbers(metric.indexOf("params") + 1)) assert.ok(value <= 10);
  for (const text of await column(1)) assert.ok(text.includes("a;"));
  await archs.locator("input[type=search]").fill("no such thing");
  assert.equal(await archs.locator("span[aria-live]").textContent(), "none");
  await archs.locator("input[type=search]").fill("");
  if (constraint) {
    await archs.locator("input[type=checkbox]").check();
    assert.ok((await count()) < all, "some break the constraint");
    await archs.locator("input[type=checkbox]").uncheck();
  }
  // A row unfolds to its drawing where that is in the page, and to the command that draws it.
  if (constraint) await archs.locator("input[type=checkbox]").check();
  await archs.locator("th button", { hasText: "accuracy" }).click();
  await archs.locator(".unfold").first().click();
  assert.equal(await archs.locator("tr.about svg").count(), 1, "the best is drawn");
  await archs.locator(".unfold").first().click();
  assert.equal(await archs.locator("tr.about").count(), 0, "it folds");
  await archs.locator("th button", { hasText: "accuracy" }).click();
  await archs.locator(".unfold").first().click();
  assert.match(await archs.locator("tr.about code").textContent(), /^ganas export '[a-e;]+' --space chain.toml --to svg/);
  await archs.locator(".unfold").first().click();
  if (constraint) await archs.locator("input[type=checkbox]").uncheck();
  const before = await column(1);
  await archs.locator("button", { hasText: "On" }).click();
  assert.notDeepEqual(await column(1), before, "there is another page");
  const saved = await save(page, archs.locator("button", { hasText: "CSV" }));
  assert.equal(saved.trim().split("\n").length, all + 1);
}

/** What matters stands before what goes on inside. */
async function glance(browser, folder) {
  const { page, complaints, close } = await open(browser, join(folder, "plain.html"), 1400, "light");
  const result = JSON.parse(readFileSync(join(folder, "plain/result.json"), "utf8"));
  const first = page.locator(".headline figure").first();
  const said = await first.textContent();
  assert.ok(said.includes("Best architecture") && said.includes(result.best_arch), said);
  assert.ok(said.includes(`accuracy ${Number(result.best.toPrecision(6))}`), said);
  assert.equal(await first.locator("svg").count(), 1, "it is drawn");
  const top = async (locator) => (await locator.boundingBox()).y;
  const box = await first.boundingBox();
  assert.ok(box.y + box.height < 900, "it is seen without scrolling");
  await scroll(page);
  const inside = page.locator("h3", { hasText: "Inside the search" }).first();
  const archs = page.locator("h3", { hasText: "The best architectures" });
  assert.ok((await top(archs)) < (await top(inside)), "internals come last");
  // A notation is broken between its parts only.
  await page.setViewportSize({ width: 400, height: 900 });
  const broken = await page.$$eval(".notation span", (parts) => parts.filter((p) => p.getClientRects().length > 1).length);
  assert.equal(broken, 0);
  assert.deepEqual(complaints, []);
  await close();
}

/** A click at a point shows its architecture. */
async function clicks(page) {
  const best = figure(page, "Best so far");
  await best.scrollIntoViewIfNeeded();
  const chart = await best.locator(".chart").boundingBox();
  await page.mouse.click(chart.x + chart.width * 0.6, chart.y + chart.height * 0.5);
  assert.match(await best.locator(".picked").textContent(), /[a-e](;[a-e]){4}.*seed \d+, query \d+, accuracy [\d.]+/s);
  const scatter = figure(page, "against other metrics");
  await scatter.scrollIntoViewIfNeeded();
  await page.waitForTimeout(200);
  for (const mark of (await scatter.locator("svg path[fill]").all()).slice(-6)) {
    const place = await mark.boundingBox();
    if (!place || place.width > 30) continue;
    await page.mouse.click(place.x + place.width / 2, place.y + place.height / 2);
    if (await scatter.locator(".picked").count()) break;
  }
  assert.match(await scatter.locator(".picked").textContent(), /[a-e](;[a-e]){4}.*accuracy [\d.]+/s);
}

async function save(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return readFileSync(await download.path(), "utf8");
}

async function downloads(page) {
  for (const title of ["Best so far", "Discriminator: loss", "against other metrics", "Time spent"]) {
    const one = figure(page, title);
    await one.scrollIntoViewIfNeeded();
    const svg = await save(page, one.locator("button", { hasText: "SVG" }));
    assert.match(svg, /^<svg [^>]*xmlns=/);
    assert.ok((svg.match(/<path/g) ?? []).length > 3, `${title}: the drawing has marks`);
    const wrong = await page.evaluate(
      (svg) => new DOMParser().parseFromString(svg, "image/svg+xml").querySelector("parsererror")?.textContent,
      svg,
    );
    assert.equal(wrong, undefined);
    const rows = (await save(page, one.locator("button", { hasText: "CSV" }))).trim().split("\n");
    assert.ok(rows.length > 2 || title === "Time spent", `${title}: ${rows.length} rows`);
    assert.ok(rows.every((row) => !row.includes("undefined") && !row.includes("NaN")));
  }
}

async function controls(page) {
  const best = figure(page, "Best so far");
  await best.scrollIntoViewIfNeeded();
  const names = async () => best.locator(".legend button").allTextContents();
  const strategies = await names();
  assert.ok(strategies.includes("ga-nas") && strategies.includes("random"), strategies.join());
  await best.locator("select[name=runs]").selectOption("each");
  assert.ok((await names()).length > strategies.length);
  await best.locator("select[name=runs]").selectOption("mean");
  for (const shown of await best.locator("select[name=shown] option").evaluateAll((o) => o.map((x) => x.value))) {
    await best.locator("select[name=shown]").selectOption(shown);
    await best.locator("select[name=queries]").selectOption("log");
    assert.ok((await best.locator("svg path").count()) > 3, shown);
    assert.deepEqual(await clashes(page), [], shown);
  }
  const item = best.locator(".legend button").first();
  await item.click();
  assert.equal(await item.getAttribute("aria-pressed"), "false");
  // Charts follow the scheme while the page is open.
  const colour = () => best.locator("svg text").first().getAttribute("fill");
  const light = await colour();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForTimeout(200);
  assert.notEqual(await colour(), light);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Importance with intervals, parallel coordinates, and exports of the best architectures. */
async function choices(page) {
  const bars = figure(page, "Importance of each choice");
  await bars.scrollIntoViewIfNeeded();
  const rows = (await save(page, bars.locator("button", { hasText: "CSV" }))).trim().split("\n");
  assert.equal(rows[0], "choice,share,low,high");
  assert.equal(rows.length, 6, "a row for each of the five choices");
  for (const row of rows.slice(1)) {
    const [, share, low, high] = row.split(",").map(Number);
    assert.ok(low <= share && share <= high, row);
  }
  const lines = page.locator("figure.parallel-figure");
  await lines.scrollIntoViewIfNeeded();
  assert.equal(await lines.locator("path.line").count(), 20);
  await lines.locator("select").selectOption("100");
  assert.equal(await lines.locator("path.line").count(), 100);
  assert.equal(await lines.locator("path.line.top").count(), 10);
  await lines.locator("path.line.top").last().dispatchEvent("click");
  assert.ok((await lines.locator("[aria-live] code").count()) > 0, "a click at a line shows its architecture");
  const best = page.locator(".exports").first();
  assert.match(await save(page, best.locator("button", { hasText: "DOT" })), /^digraph/);
  assert.match(await save(page, best.locator("button", { hasText: "SVG" })), /^<svg/);
}

/** A page that is served while its run goes on. */
async function live(browser, ganas, folder, run) {
  const server = spawn(ganas, ["report", "--watch", "plain", "--port", "0"], { cwd: folder });
  try {
    const said = await new Promise((resolve) => server.stdout.once("data", resolve));
    const page = await browser.newPage();
    await page.goto(String(said).split(" ")[0]);
    const shows = (text) => page.waitForFunction((t) => document.body.textContent.includes(t), text, { timeout: 20_000 });
    await shows("60 of 60");
    await page.locator("p.live", { hasText: "live" }).waitFor();
    run("resume", "plain", "--queries", "80", "--quiet");
    await shows("80 of 80");
    await page.close();
  } finally {
    server.kill();
  }
}

/** A space of chains and a table of all of them, with a metric that is bounded. */
function inputs(folder) {
  const ops = ["a", "b", "c", "d", "e"];
  const costs = ops.map((op, i) => `${op} = ${i + 1}`).join(", ");
  const list = ops.map((op) => `"${op}"`).join(", ");
  writeFileSync(
    join(folder, "chain.toml"),
    `name = "chain"\nkind = "chain"\nlength = 5\nops = [${list}]\n[metrics]\nparams = { ${costs} }\n`,
  );
  let csv = "arch,accuracy,latency\n";
  for (let i = 0; i < 3125; i++) {
    const at = [625, 125, 25, 5, 1].map((d) => Math.floor(i / d) % 5);
    const good = at.reduce((sum, o, k) => sum + [0.2, 0.5, 1, 0.7, 0.9][(o + k) % 5], 0) / 5;
    csv += `${at.map((o) => ops[o]).join(";")},${(60 + 30 * good + ((i * 89) % 97) / 40).toFixed(4)},${5 + ((i * 53) % 211) / 10}\n`;
  }
  writeFileSync(join(folder, "chain.csv"), csv);
}

async function test(ganas, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  inputs(folder);
  const run = (...args) =>
    execFileSync(ganas, args, {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, GANAS_CACHE: join(folder, "cache") },
    });
  const task = ["--space", "chain.toml", "--table", "chain.csv", "--objective", "accuracy"];
  const bounds = ["--constraint", "params <= @start", "--constraint", "latency < 20", "--start", "c;c;c;c;c"];
  // Some with the networks, which the default does without: their charts are looked at, too.
  const networks = ["generated=50", "discriminator=0.2"].flatMap((set) => ["--set", `proposals.screened.${set}`]);
  run("search", ...task, ...bounds, ...networks, "--queries", "150", "--out", "run", "--quiet");
  run(
    "bench",
    ...task,
    ...bounds,
    "--strategies",
    "ga-nas,ga-nas:paper-setup1+batch=10,random,evolution,cross-entropy",
    "--queries",
    "150",
    "--seeds",
    "3",
    "--out",
    "bench",
    "--json",
    "bench.json",
    "--quiet",
  );
  run("search", ...task, "--queries", "60", "--out", "plain", "--quiet");
  run("search", ...task, "--strategy", "evolution", "--queries", "60", "--out", "killed", "--quiet");
  rmSync(join(folder, "killed/result.json"));
  run(
    "search",
    "--space",
    "chain.toml",
    "--table",
    "chain.csv",
    "--objective",
    "latency",
    "--minimize",
    "--strategy",
    "reinforce",
    "--queries",
    "60",
    "--out",
    "small",
    "--quiet",
  );
  const part = (name, more) =>
    `[[task]]\nname = "${name}"\nspace = "chain.toml"\ntable = "chain.csv"\nqueries = 40\n${more}\n`;
  writeFileSync(
    join(folder, "suite.toml"),
    part("accurate", 'objective = "accuracy"') + part("fast", 'objective = "latency"\nminimize = true'),
  );
  run(
    "bench",
    "--suite",
    "suite.toml",
    "--strategies",
    "random,evolution",
    "--seeds",
    "2",
    "--out",
    "suite",
    "--quiet",
  );
  const pages = {
    "run.html": [["run"], ["From the start to the best", "Jensen-Shannon"]],
    "plain.html": [["plain"], ["the default screens by surrogates; runs of ga-nas:paper-setup1 train"]],
    "bench.html": [["bench"], ["All 15 runs", "cross-entropy", "rho_t"]],
    "json.html": [["bench.json"], ["hold no evaluations"]],
    "suite.html": [["suite"], ["All 2 tasks of", "Mean normalised rank"]],
    "tasks.html": [
      ["run", "killed", "small"],
      ["2 tasks", "not finished", "What strategies report", "under bounds that differ from run to run", "no bounds"],
    ],
  };
  const browser = await launch();
  for (const [file, [paths, expected]] of Object.entries(pages)) {
    run("report", ...paths, "--out", file);
    await looks(browser, join(folder, file), expected);
    console.log(`${file} looks right`);
  }
  await glance(browser, folder);
  const { page, complaints, close } = await open(browser, join(folder, "bench.html"), 1400, "light");
  await scroll(page);
  await tooltips(page);
  await clicks(page);
  await table(page, true);
  await downloads(page);
  // A page of its own, as browsers hold back the tenth download of a page.
  const own = await open(browser, join(folder, "bench.html"), 1400, "light");
  await scroll(own.page);
  await choices(own.page);
  assert.deepEqual(own.complaints, []);
  await own.close();
  await controls(page);
  const widest = await page.evaluate(() => {
    dispatchEvent(new Event("beforeprint"));
    const widths = [...document.querySelectorAll(".chart svg, .chart canvas")].map(
      (c) => c.getBoundingClientRect().width,
    );
    dispatchEvent(new Event("afterprint"));
    return Math.max(...widths);
  });
  assert.ok(widest <= 690, `a chart of ${widest} pixels is cut off on paper`);
  const pdf = await page.pdf({ format: "A4" });
  assert.ok(pdf.length > 50_000, "it prints");
  assert.deepEqual(complaints, []);
  await close();
  console.log("tooltips, sorting, filter, downloads, choices, controls and printing work");
  await live(browser, ganas, folder, run);
  console.log("a page that is served follows its run");
  await browser.close();
}

/** The top of a page, for the guide. */
async function picture(browser, file, to) {
  const { page, close } = await open(browser, file, 1100, "light");
  await page.waitForTimeout(200);
  await page.screenshot({ path: to, clip: { x: 0, y: 0, width: 1100, height: 860 } });
  await close();
}

async function measure(files) {
  const browser = await launch();
  for (const file of files) {
    const times = [];
    for (let i = 0; i < 7; i++) {
      const { page, close } = await open(browser, file, 1400, "light");
      times.push(await page.evaluate(() => performance.getEntriesByName("ganas-ready")[0].startTime));
      await close();
    }
    times.sort((a, b) => a - b);
    console.log(JSON.stringify({ file, ready_ms: { least: times[0], median: times[3], most: times[6] } }));
  }
  await browser.close();
}

const args = process.argv.slice(2);
if (args[0] === "--measure") await measure(args.slice(1));
else if (args[0] === "--picture") {
  const browser = await launch();
  await picture(browser, args[1], args[2]);
  await browser.close();
} else await test(args[0], args[1]);
