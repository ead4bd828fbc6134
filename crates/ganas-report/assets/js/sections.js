// The parts of the page.

const h3 = (text) => el("h3", {}, text);

/** A table with a head; the first column holds words. */
function plainTable(head, rows) {
  const cell = (tag) => (value, i) =>
    el(tag, { class: i === 0 ? "left" : "", ...(tag === "th" ? { scope: "col" } : {}) }, value);
  return el(
    "div",
    { class: "scroll" },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, head.map(cell("th")))),
      el(
        "tbody",
        {},
        rows.map((row) => el("tr", {}, row.map(cell("td")))),
      ),
    ),
  );
}

const note = (text) => el("p", { class: "note" }, text);

/** Whether one run's best is better than another's. */
const better = (task, a, b) => b === null || (task.minimize ? a.best < b.best : a.best > b.best);

/** What the reader came for: the best architecture, and the network that was trained to the end. */
function headline(task) {
  const bounds = [...new Set(task.runs.map((run) => run.bounds))];
  const cards = bounds.flatMap((within) => {
    const runs = task.runs.filter((run) => run.bounds === within && run.best !== null && run.best_arch);
    const best = runs.reduce((before, run) => (better(task, run, before) ? run : before), null);
    const title = bounds.length > 1 ? ` ${within ? `under ${within}` : "without bounds"}` : "";
    if (!best) return [card(`Best architecture${title}`, "None was found.")];
    const rank = best.best_rank === null ? "" : `rank ${num(best.best_rank)} in the table, `;
    const found = best.queries_to_best === 0 ? "known before" : `query ${num(best.queries_to_best)}`;
    const by = task.runs.length > 1 ? `${best.strategy}, seed ${best.seed}, ` : "";
    const own = bigCard(
      `Best architecture${title}`,
      `${task.objective} ${num(best.best, 6)}`,
      best.best_arch,
      `${rank}${by}${found} of ${num(best.queries)}`,
      task,
    );
    const trained = best.winner
      ? bigCard(
          "Winner, trained to the end",
          `test accuracy ${num(best.winner.test_accuracy, 4)} %`,
          best.winner.arch,
          `${num(best.winner.params)} weights; chosen among the best of the search by further trainings`,
          task,
        )
      : null;
    return [own, trained].filter((c) => c);
  });
  return el("div", { class: "grid headline" }, cards);
}

const bigCard = (title, value, arch, about, task) =>
  el(
    "figure",
    {},
    el("h4", {}, title),
    el("p", { class: "value" }, value),
    el("p", {}, notation(arch)),
    el("p", { class: "soft" }, about),
    task.drawings[arch] ? drawn(task.drawings[arch]) : null,
  );

/** What the runs came to, a strategy a line. */
function summary(task, summaries) {
  const ranked = summaries.some((s) => s.mean_rank !== null);
  const spread = (s) =>
    s.mean_best === null ? "none" : s.runs > 1 ? `${num(s.mean_best)} ± ${num(s.std_best, 3)}` : num(s.mean_best, 8);
  const columns = [
    ["strategy", (s) => s.strategy],
    ["runs", (s) => (s.finished < s.runs ? `${s.runs} (${s.runs - s.finished} not finished)` : String(s.runs))],
    [`best ${task.objective}`, spread],
    ...(ranked
      ? [
          ["mean rank", (s) => num(s.mean_rank, 4)],
          ["found the optimum", (s) => `${s.found_optimum} of ${s.runs}`],
          ["median queries to it", (s) => num(s.median_queries_to_optimum)],
        ]
      : []),
    ["mean queries to best", (s) => num(s.mean_queries_to_best, 4)],
    ["median time", (s) => seconds(s.median_seconds)],
  ];
  return plainTable(
    columns.map((c) => c[0]),
    summaries.map((s) => columns.map((c) => c[1](s))),
  );
}

/** Every run in a line. */
function runList(task) {
  const state = { finished: "finished", interrupted: "interrupted", unfinished: "not finished" };
  const bounded = new Set(task.runs.map((run) => run.bounds)).size > 1;
  const row = (run) => [
    `${run.strategy}, seed ${run.seed}`,
    ...(bounded ? [run.bounds || "none"] : []),
    state[run.state],
    `${num(run.queries)} of ${num(run.budget)}`,
    num(run.best, 8),
    num(run.best_rank),
    num(run.queries_to_best),
    num(run.noncompliant),
    num(run.failed),
    num(run.rejected),
    seconds(run.seconds),
  ];
  const head = ["run", ...(bounded ? ["bounds"] : []), "state", "queries", "best", "rank", "at query", "break a bound", "failed", "ruled out", "time"];
  const outlooks = task.runs
    .filter((run) => run.outlook)
    .map((run) => el("p", {}, `${run.strategy}, seed ${run.seed}: ${run.outlook}.`));
  const list = () => [plainTable(head, task.runs.map(row)), ...outlooks];
  return task.runs.length > 8 ? folded(`All ${task.runs.length} runs`, list) : list();
}

/** An SVG document of ours. Its texts are escaped where it is made. */
function drawn(svg) {
  const place = el("div", { class: "drawing" });
  place.innerHTML = svg;
  return place;
}

const card = (title, about, svg) =>
  el("figure", {}, el("h4", {}, title), svg ? drawn(svg) : null, el("figcaption", {}, about));

/** Buttons that save the exports of an architecture. */
function exportsOf(task, arch) {
  const exports = task.exports[arch] ?? [];
  const name = slug(`${task.space} ${arch}`).slice(0, 60).replace(/-$/, "");
  const types = { svg: "image/svg+xml", py: "text/x-python" };
  const button = ({ format, extension, text }) =>
    el(
      "button",
      { type: "button", title: `Save as ${format}`, onclick: () => save(`${name}.${extension}`, types[extension] ?? "text/plain", text) },
      format,
    );
  return exports.length ? el("div", { class: "tools exports" }, exports.map(button)) : null;
}

/** The best architectures, and the starts beside the best one. */
function drawings(task) {
  const { archs } = task;
  const value = (arch) => {
    const i = archs.notation.indexOf(arch);
    if (i >= 0) return archs.objective[i];
    return task.runs.find((run) => run.best_arch === arch)?.best ?? null;
  };
  const parts = [];
  const code = notation;
  if (task.best.length) {
    const cards = task.best.map((arch, i) =>
      card(`${i + 1}. ${task.objective} ${num(value(arch), 8)}`, [code(arch), exportsOf(task, arch)], task.drawings[arch]),
    );
    parts.push(h3("The best architectures"), el("div", { class: "grid" }, cards));
  }
  for (const difference of task.differences) {
    const { from, to } = difference;
    const [a, b] = [archs.notation.indexOf(from), archs.notation.indexOf(to)];
    const names = [task.objective, ...task.metrics];
    const of = (i, m) => (i < 0 ? null : m === 0 ? archs.objective[i] : archs.metrics[m - 1][i]);
    const rows = names.map((name, m) => {
      const [x, y] = [of(a, m), of(b, m)];
      const known = x !== null && y !== null;
      const share = known && x !== 0 ? `${num((100 * (y - x)) / Math.abs(x), 3)} %` : "–";
      return [name, num(x, 8), num(y, 8), known ? num(y - x, 4) : "–", share];
    });
    parts.push(
      h3("From the start to the best"),
      el(
        "div",
        { class: "grid" },
        card("The start", code(from), task.drawings[from]),
        card("The best", code(to), task.drawings[to]),
        card("What differs", "Green was added, red removed, yellow changed.", difference.svg),
      ),
      a >= 0 && b >= 0 ? plainTable(["metric", "start", "best", "change", "share"], rows) : el("p"),
    );
  }
  const winners = task.runs.filter((run) => run.winner);
  if (winners.length) {
    const rows = winners.map((run) => [
      code(run.winner.arch),
      `${run.strategy}, seed ${run.seed}`,
      `${num(run.winner.test_accuracy, 4)} %`,
      num(run.winner.params),
    ]);
    const shown = [...new Set(winners.map((run) => run.winner.arch))].filter((arch) => !task.best.includes(arch));
    const cards = shown.slice(0, 6).map((arch) => card("Chosen in the end", code(arch), task.drawings[arch]));
    parts.push(
      h3("Trained to the end"),
      el("div", { class: "grid" }, cards),
      plainTable(["architecture", "run", "test accuracy", "weights"], rows),
    );
  }
  return parts;
}

/** Where the time went: parts of rounds, a strategy a bar. */
function timeFigure(task, summaries) {
  const names = strategies(task);
  const timed = task.runs.some((run) => Object.keys(run.parts).length);
  if (!summaries.some((s) => s.median_seconds !== null)) return null;
  const order = ["discriminator", "generator", "proposing", "screening", "asking", "evaluating", "telling", "other"];
  const named = { asking: "asking (the rest)", telling: "telling", other: "other" };
  const all = [...new Set(task.runs.flatMap((run) => Object.keys(run.parts)))];
  const parts = timed ? [...order.filter((p) => all.includes(p)), ...all.filter((p) => !order.includes(p))] : ["all"];
  const mean = (name, part) => {
    const runs = task.runs.filter((run) => run.strategy === name);
    const values = runs.map((run) => (timed ? (run.parts[part] ?? 0) : run.seconds)).filter((v) => v !== null);
    return values.length ? values.reduce((a, b) => a + b, 0) / values.length : 0;
  };
  return new Figure({
    title: "Time spent",
    height: 110 + 34 * names.length,
    caption:
      "Mean wall time of a run by what it went into. A round asks the strategy (GA-NAS fits the discriminator, trains " +
      "the generator, lets it propose, and screens), waits for evaluations, and tells; other is the rest, such as " +
      "checkpoints." +
      (timed ? "" : " These results hold no times of parts; folders of runs do."),
    build: (_, colours) => ({
      option: {
        tooltip: {
          trigger: "axis",
          axisPointer: { type: "shadow" },
          formatter: (params) =>
            `<b>${escape(params[0].name)}</b>` +
            params
              .filter((p) => p.value > 0)
              .map((p) => `<div>${p.marker}${escape(p.seriesName)}: ${seconds(p.value)}</div>`)
              .join(""),
        },
        xAxis: { type: "value", name: "seconds a run", scale: false },
        yAxis: { type: "category", data: names, inverse: true, axisLabel: { width: 130, overflow: "truncate" } },
        series: parts.map((part, i) => ({
          type: "bar",
          name: named[part] ?? part,
          stack: "time",
          barMaxWidth: 22,
          itemStyle: { color: partColour(colours, part, i) },
          color: partColour(colours, part, i),
          data: names.map((name) => mean(name, part)),
          emphasis: { disabled: true },
        })),
      },
      legend: parts.map((part, i) => ({ name: named[part] ?? part, colour: partColour(colours, part, i), dot: true })),
      csv: {
        columns: ["strategy", ...parts],
        rows: names.map((name) => [name, ...parts.map((part) => mean(name, part))]),
      },
    }),
  });
}

/** The colour of a part of the time; the rest is grey. */
const partColour = (colours, part, i) => (part === "other" ? colours.soft : colours.colour(i));

/** A word of a command line. */
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** How the runs were made. */
function provenance(task) {
  return task.origins.map((origin) => {
    const seeds =
      origin.seeds.length > 12
        ? `${origin.seeds.length} seeds from ${Math.min(...origin.seeds)}`
        : `seeds ${origin.seeds.join(", ")}`;
    const title = el("span", {}, el("b", {}, origin.strategy), ` · ${seeds} · ganas ${origin.ganas || "of an unknown version"}`);
    return folded(title, () => [
      el("pre", {}, `ganas ${origin.command.map(quoted).join(" ")}`),
      el(
        "p",
        { class: "soft" },
        `Read from ${origin.path}${origin.seeds.length > 1 && !origin.path.endsWith(".json") ? " and others beside it" : ""}`,
      ),
      el(
        "pre",
        {},
        `settings ${JSON.stringify(origin.settings, null, 1)}\ntask ${JSON.stringify(origin.task, null, 1)}`,
      ),
    ]);
  });
}

/** All strategies over the tasks of a suite. */
function suiteSection(suite) {
  const lines = (colours) =>
    suite.standings.map((s, i) => ({
      name: s.strategy,
      colour: colours.colour(i),
      dash: colours.dashed(i),
      points: Object.entries(s.mean_rank_at)
        .map(([q, rank]) => [Number(q), rank])
        .sort((a, b) => a[0] - b[0]),
    }));
  const figure = new Figure({
    title: "Mean normalised rank over all tasks",
    caption:
      "Where a strategy's runs stand among all runs of a task after so many queries: 0 is ahead of all, 1 behind all; the mean is over the tasks that go so far.",
    build: (_, colours) => ({
      option: lineChart({
        lines: lines(colours),
        colours,
        smooth: true,
        x: { name: "queries", type: "log" },
        y: { name: "normalised rank" },
      }),
      legend: legendOf(lines(colours)),
      csv: curvesCsv(lines(colours)),
    }),
  });
  const rows = suite.standings.map((s) => [s.strategy, num(s.mean_final_rank, 3), `${num(100 * s.found, 3)} %`]);
  return [
    el("h2", {}, `All ${suite.tasks} tasks of ${suite.name}`),
    plainTable(["strategy", "mean normalised rank in the end", "runs that found the optimum"], rows),
    figure.element,
  ];
}
