// The page, put together.

const of = (title, figures) => {
  const there = figures.filter((f) => f);
  return there.length
    ? [
        h3(title),
        el(
          "div",
          { class: "grid" },
          there.map((f) => f.element),
        ),
      ]
    : [];
};

/** Whether there are rounds of ga-nas, and none of them trained a generator or a discriminator. */
const trainsNothing = (task, curves) =>
  curves.gamma && !curves.d_loss && !curves.g_loss && task.runs.some((run) => run.strategy.startsWith("ga-nas"));

function taskSection(task, curves, summaries, attainments, id) {
  const gauge = (names) =>
    names
      .filter((name) => curves[name])
      .map((name) => gaugeFigure(task, curves, name))
      .filter((figure) => figure);
  const known = Object.keys(GAUGES);
  const others = Object.keys(curves).filter((name) => !["best", "rank", "hypervolume", ...known].includes(name));
  const best = bestFigure(task, curves);
  const learning = learningFigure(task);
  const tradeoff = tradeoffFigure(task);
  const front = frontFigure(task, attainments);
  const time = timeFigure(task, summaries);
  const evaluated = task.archs.notation.length;
  const bounded = new Set(task.runs.map((run) => run.bounds)).size > 1;
  const bounds = task.constraints.map((c) => `${c.metric} ${c.comparison} ${num(c.bound)}`).join(", ");
  const facts = [
    task.objectives.length > 1
      ? task.objectives.map((o) => `${o.minimize ? "smallest" : "largest"} ${o.metric}`).join(", ")
      : `${task.minimize ? "smallest" : "largest"} ${task.objective}`,
    bounded ? "under bounds that differ from run to run" : bounds ? `under ${bounds}` : null,
    task.optimum === null ? null : `the table's best is ${num(task.optimum, 8)}`,
    task.compliant ? `of ${num(task.compliant)} architectures` : null,
  ];
  return [
    id ? el("h2", { id }, `${task.space}: ${task.objective}`) : [],
    el("p", { class: "soft" }, facts.filter((f) => f).join(", "), task.source ? ` · ${task.source}` : ""),
    task.notes.map(note),
    headline(task),
    summary(task, summaries),
    runList(task),
    front ? [h3("Front"), front.element] : [],
    front ? of("Hypervolume", gauge(["hypervolume"])) : [],
    front ? [] : best ? best.element : note("These results do not say how the runs came to their bests."),
    learning ? [h3("Learning curves"), learning.element] : [],
    tradeoff ? [h3("Trade-offs"), tradeoff.element] : [],
    of("Choices", [importanceFigure(task), parallelFigure(task)]),
    drawings(task),
    evaluated
      ? [h3(`All ${num(evaluated)} architectures`), later(() => archTable(task))]
      : [
          h3("All architectures"),
          note("These results hold no evaluations; folders of runs do (--out of search and bench)."),
        ],
    of("Inside the search: the threshold", gauge(["gamma", "rho"])),
    trainsNothing(task, curves)
      ? note(
          "No charts of a discriminator and a generator: the default screens by surrogates; runs of ga-nas:paper-setup1 train a generator and a discriminator.",
        )
      : [],
    of("Inside the search: the discriminator", gauge(["d_loss", "d_accuracy", "js", "ess", "d_rank_accuracy"])),
    of("Inside the search: the generator", gauge(["g_entropy", "g_valid", "g_duplicates", "g_reward", "g_loss", "g_value_loss", "g_kl"])),
    of("What strategies report", gauge(others)),
    time ? [h3("Time"), time.element] : [],
    h3("Where it comes from"),
    provenance(task),
  ].flat(2);
}

function header(report) {
  const ids = report.tasks.map((_, i) => (report.tasks.length > 1 ? `task-${i}` : null));
  const links = report.tasks.map((t, i) =>
    el("a", { href: `#${ids[i]}` }, `${t.space}: ${t.objective}${t.constraints.length ? " (constrained)" : ""}`),
  );
  document
    .getElementById("top")
    .replaceChildren(
      el("h1", {}, report.title),
      links.length > 1 ? el("nav", {}, links) : "",
      ...report.notes.map(note),
    );
  return ids;
}

async function open() {
  const page = document.getElementById("page");
  try {
    const { report, curves, summaries, attainments } = await window.unpacked;
    const ids = header(report);
    const sections = report.tasks.flatMap((task, i) => taskSection(task, curves[i], summaries[i], attainments[i], ids[i]));
    page.replaceChildren(...report.suites.flatMap(suiteSection), ...sections);
    document.getElementById("foot").textContent =
      `ganas ${report.ganas}: ganas ${report.command.join(" ")}. Charts by Apache ECharts ${echarts.version} (Apache License 2.0).`;
    if (location.hash) document.querySelector(location.hash)?.scrollIntoView();
  } catch (error) {
    page.replaceChildren(note(`The report cannot be shown: ${error.message}. It needs a browser of 2023 or later.`));
    throw error;
  }
  // The first figures are drawn in the frame after they are seen.
  requestAnimationFrame(() =>
    setTimeout(() => {
      performance.mark("ganas-ready");
      document.documentElement.dataset.ready = "true";
    }),
  );
}

open();
