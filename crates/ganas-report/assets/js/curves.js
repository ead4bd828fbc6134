// Curves over queries: means over runs with their spread, or every run by itself.

/** Whether a strategy has several runs, so that there is a mean. */
const several = (task) => new Set(task.runs.map((run) => run.strategy)).size < task.runs.length;

const RUNS = {
  label: "Runs",
  options: [
    ["mean", "mean"],
    ["each", "each"],
  ],
};
const SPREAD = {
  label: "Spread",
  options: [
    ["std", "± std"],
    ["range", "least to most"],
    ["none", "none"],
  ],
};
const RANGE = {
  label: "Range",
  options: [
    ["late", "without the first steps"],
    ["all", "all"],
  ],
};
const QUERIES = { label: "Queries", options: SCALES };

/** The strategies of a task in their order, each with its place among the colours. */
const strategies = (task) => [...new Set(task.runs.map((run) => run.strategy))];

/** The value of a curve at a number of queries; it holds between points. */
function at(points, x) {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] <= x) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : points[low - 1];
}

/**
 * The side of an axis that leaves out how runs begin: what lines come to in their first twentieth, where they are
 * far off, would take the room of all the rest.
 */
function late(lines, minimize) {
  const ends = lines.flatMap((line) => [line.points[0][0], line.points[line.points.length - 1][0]]);
  const from = Math.min(...ends) + 0.05 * (Math.max(...ends) - Math.min(...ends));
  const values = lines.flatMap((line) => {
    const here = at(line.points, from);
    return [...(here ? [here] : []), ...line.points.filter((p) => p[0] >= from)].map((p) => p[1]);
  });
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(high > low)) return {};
  const step = 10 ** Math.floor(Math.log10(high - low) - 0.3);
  return minimize ? { max: Math.ceil(high / step) * step } : { min: Math.floor(low / step) * step };
}

/**
 * A chart of lines. Each is `{name, colour, points: [[x, y, ..rest]], band: [[x, low, high]], dash, faint}`;
 * `tip(line, point)` says what the tooltip shows of a point.
 */
function lineChart({ lines, x, y, colours, marks = [], tip, smooth = false }) {
  const series = [];
  for (const line of lines) {
    if (line.band?.length > 1) series.push(band(line, smooth));
    series.push({
      type: "line",
      name: line.name,
      data: line.points.map((p) => [p[0], p[1]]),
      step: smooth ? false : "end",
      symbol: "circle",
      symbolSize: 4,
      showSymbol: line.points.length < (smooth ? 12 : 2),
      lineStyle: { width: line.faint ? 1.2 : 2, type: line.dash ? "dashed" : "solid", opacity: line.faint ? 0.65 : 1 },
      itemStyle: { color: line.colour },
      color: line.colour,
      emphasis: { disabled: true },
    });
  }
  if (marks.length && series.length) {
    series[series.length - 1].markLine = {
      silent: true,
      symbol: "none",
      lineStyle: { color: colours.soft, type: "dotted" },
      precision: 12,
      data: marks.map(([value, text]) => ({
        yAxis: value,
        label: { formatter: text, position: "end", distance: 4, color: colours.soft, fontSize: 11 },
      })),
    };
  }
  const show = (params) => {
    const here = params[0]?.axisValue ?? params[0]?.value?.[0];
    const rows = lines
      .map((line) => [line, at(line.points, here)])
      .filter(([, point]) => point && point[1] !== null)
      .slice(0, 14)
      .map(([line, point]) => {
        const dot = `<span style="display:inline-block;width:9px;height:9px;border-radius:50%;background:${line.colour};margin-right:5px"></span>`;
        return `<div>${dot}${escape(line.name)}: <b>${escape(tip ? tip(line, point) : num(point[1]))}</b></div>`;
      });
    return `<div>${escape(x.name)} ${num(Math.round(here))}</div>${rows.join("")}`;
  };
  // What lines are called stands right of the chart, where no curve is.
  const right = Math.max(18, ...marks.map(([, text]) => 12 + 6.5 * text.length));
  return {
    grid: { right },
    tooltip: { trigger: "axis", formatter: show, axisPointer: { snap: false, lineStyle: { color: colours.soft } } },
    xAxis: { type: "value", min: "dataMin", max: "dataMax", ...x },
    yAxis: { type: "value", ...y },
    series,
  };
}

/** The area between two curves, which hold between their points unless they are smooth. */
function band(line, smooth) {
  return {
    type: "custom",
    name: line.name,
    silent: true,
    clip: true,
    z: 1,
    data: [[line.band[0][0], line.band[0][1]]],
    encode: { x: 0, y: 1 },
    tooltip: { show: false },
    renderItem: (_, api) => {
      const along = (side) => {
        const corners = [];
        line.band.forEach((point, i) => {
          if (i > 0 && !smooth) corners.push([point[0], line.band[i - 1][side]]);
          corners.push([point[0], point[side]]);
        });
        return corners.map((corner) => api.coord(corner));
      };
      return {
        type: "polygon",
        shape: { points: [...along(2), ...along(1).reverse()] },
        style: { fill: line.colour, opacity: 0.16 },
      };
    },
  };
}

/**
 * The lines of curves, means or runs. `each(run)` gives a run's own points; `turn(value, side)` is what is shown
 * of a value, null where nothing can be; of the side of a band there always is something.
 */
function linesOf(task, curves, each, state, colours, turn = (v) => v) {
  const names = strategies(task);
  const colour = (name) => colours.colour(names.indexOf(name));
  const dash = (name) => colours.dashed(names.indexOf(name));
  const some = (points) => points.filter((p) => p[1] !== null && Number.isFinite(p[1]));
  if (state.runs === "each" || !curves) {
    return task.runs
      .map((run) => ({
        name: `${run.strategy}, seed ${run.seed}`,
        colour: colour(run.strategy),
        dash: dash(run.strategy),
        faint: task.runs.length > 3,
        points: some(each(run).map((p) => [p[0], turn(p[1])])),
      }))
      .filter((line) => line.points.length);
  }
  return curves
    .map((c) => {
      const sides = (i) =>
        state.spread === "range" ? [c.low[i], c.high[i]] : [c.mean[i] - c.std[i], c.mean[i] + c.std[i]];
      const band = c.x
        .filter((_, i) => turn(c.mean[i]) !== null)
        .map((x, i) => [x, ...sides(i).map((v) => turn(v, true))]);
      return {
        name: c.strategy,
        colour: colour(c.strategy),
        dash: dash(c.strategy),
        points: some(c.x.map((x, i) => [x, turn(c.mean[i]), c.std[i], c.low[i], c.high[i], c.runs])),
        band: c.runs > 1 && state.spread !== "none" ? band : null,
      };
    })
    .filter((line) => line.points.length);
}

/** What a tooltip says of a mean. */
const meanTip = (_, p) =>
  p.length > 2 && p[5] > 1 ? `${num(p[1])} (${num(p[3])} to ${num(p[4])}, ${p[5]} runs)` : num(p[1]);

function curvesCsv(lines, along = "queries") {
  return {
    columns: ["curve", along, "value", "std", "least", "most", "runs"],
    rows: lines.flatMap((line) => line.points.map((p) => [line.name, ...p])),
  };
}

/** The legend of lines: one entry a strategy, or each run if they are few. */
const legendOf = (lines) => (lines.length > 24 ? [] : lines.map(({ name, colour, dash }) => ({ name, colour, dash })));

/** Best so far against queries. */
function bestFigure(task, curves) {
  const shown = [];
  if (curves.best) shown.push(["best", task.objective]);
  if (curves.best && task.optimum !== null) shown.push(["distance", "distance to the optimum"]);
  if (curves.rank) shown.push(["rank", "rank in the table"]);
  if (!shown.length) return null;
  // With several fidelities, runs are compared by what they cost.
  const byCost = task.runs.length > 0 && task.runs.every((run) => run.cost !== null);
  const unit = byCost ? `cost (${task.runs[0].axis ?? "units"})` : "queries";
  const improvements = (run) => (byCost ? run.cost_steps : run.steps);
  const each = { best: improvements, distance: improvements };
  each.rank = (run) => {
    const ranks = improvements(run).filter((s) => s[2] !== null).map((s) => [s[0], s[2]]);
    return ranks.length || byCost ? ranks : run.rank_at;
  };
  const extended = (of) => (run) => {
    const points = of(run);
    return points.length ? [...points, [byCost ? run.cost : run.queries, points[points.length - 1][1]]] : points;
  };
  return new Figure({
    title: `Best so far: ${task.objective}`,
    height: 380,
    controls: {
      shown: { label: "Show", options: shown },
      ...(several(task) ? { runs: RUNS, spread: SPREAD } : {}),
      queries: { ...QUERIES, label: byCost ? "Cost" : QUERIES.label },
      ...(curves.best ? { range: RANGE } : {}),
    },
    caption:
      (byCost
        ? `The ${task.objective} at the highest fidelity of the recommended architecture by the cost of all ` +
          "evaluations so far. The"
        : `The best ${task.objective} of a compliant architecture after so many queries, which are distinct ` +
          "architectures evaluated. The") +
      " mean is over the seeds; it begins where every seed has found something, and the " +
      "band is one sample standard deviation to each side, or from the least to the most. A distance to the optimum " +
      "ends where it is zero. A click shows the architecture that was the best there.",
    build: (state, colours) => {
      const { shown: what } = state;
      const least = 1e-9 * Math.max(Math.abs(task.optimum), 1);
      // On a logarithmic axis a band that reaches zero goes down to the axis.
      const turns = {
        best: (v) => v,
        rank: (v) => Math.max(v, 1),
        distance: (v, side) => {
          const distance = task.minimize ? v - task.optimum : task.optimum - v;
          return distance > least ? distance : side ? least : null;
        },
      };
      const lines = linesOf(
        task,
        curves[what === "rank" ? "rank" : "best"],
        extended(each[what]),
        state,
        colours,
        turns[what],
      );
      const lowest = Math.min(...lines.flatMap((line) => line.points.map((p) => p[1])));
      const floor = {
        best: state.range === "late" ? late(lines, task.minimize) : {},
        rank: { min: 1 },
        distance: { min: 10 ** Math.floor(Math.log10(lowest)) },
      }[what];
      const marks = what === "best" && task.optimum !== null ? [[task.optimum, "optimum"]] : [];
      const name = {
        best: task.objective,
        distance: `distance of ${task.objective} to the optimum`,
        rank: "rank (1 is the best)",
      }[what];
      const option = lineChart({
        lines,
        marks,
        colours,
        tip: meanTip,
        x: { name: unit, type: state.queries },
        smooth: what === "rank" && !curves.best,
        y: { name, type: what === "best" ? "value" : "log", ...floor },
      });
      const turn = turns[what];
      const pick = (pixel, pixelOf) => {
        const near = task.runs.flatMap((run) => nearestStep(each[what](run), turn, pixel, pixelOf, run));
        near.sort((a, b) => a.far - b.far);
        if (!near.length) return null;
        const { run, query } = near[0];
        if (!byCost) return pickedStep(task, run, query);
        // The listed evaluations are those at the highest fidelity, so their places are no queries.
        return pickedStep(task, { ...run, evaluations: [] }, queryAtCost(run, query));
      };
      return { option, csv: curvesCsv(lines, byCost ? "cost" : "queries"), legend: legendOf(lines), pick };
    },
  });
}

/** The step of a run that a click at a place is at or right of, and how far its line is from the place. */
function nearestStep(points, turn, pixel, pixelOf, run) {
  const reached = points
    .filter((p) => turn(p[1]) !== null)
    .map((p) => [p[0], pixelOf([p[0], turn(p[1])])])
    .filter(([, place]) => place && place[0] <= pixel[0] + 4);
  if (!reached.length) return [];
  const [query, place] = reached[reached.length - 1];
  return [{ run, query, far: Math.abs(place[1] - pixel[1]) }];
}

/** The query of a run's step, by its cost: both lists have the same steps. */
const queryAtCost = (run, cost) => run.steps[run.cost_steps.findIndex((s) => s[0] === cost)]?.[0];

/** The architecture of a run's step, where the evaluations are at hand or it is the last. */
function pickedStep(task, run, query) {
  const place = run.evaluations[query - 1];
  const text = place === undefined ? run.best_arch : task.archs.notation[place];
  if (!text || (place === undefined && query !== run.queries_to_best)) return null;
  return picked(task, text, `${run.strategy}, seed ${run.seed}, query ${num(query)}`, place);
}
