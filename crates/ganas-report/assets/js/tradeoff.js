// The objective against another metric: what is feasible, and what nothing else beats in both.

/** The places of the compliant architectures that nothing is better than in one and as good as in the other. */
function front(archs, metric, minimize, less) {
  const turned = (v) => (minimize ? v : -v);
  const along = (v) => (less ? v : -v);
  const order = archs.objective
    .map((_, i) => i)
    .filter((i) => archs.compliant[i] && archs.objective[i] !== null && archs.metrics[metric][i] !== null)
    .sort(
      (a, b) =>
        along(archs.metrics[metric][a]) - along(archs.metrics[metric][b]) ||
        turned(archs.objective[a]) - turned(archs.objective[b]),
    );
  const best = [];
  for (const i of order) {
    const before = best[best.length - 1];
    if (before === undefined || turned(archs.objective[i]) < turned(archs.objective[before])) best.push(i);
  }
  return best;
}

/** Whether less of a metric is better: what its bound says, or else its name. */
function lessIsBetter(task, name) {
  const bound = task.constraints.find((c) => c.metric === name);
  if (bound) return bound.comparison.startsWith("<");
  return !/acc|top.?[15]|score|auc|miou|f1|psnr/i.test(name);
}

/** The part of an axis that a bound forbids. */
function forbidden(bound, axis) {
  const [from, to] = bound.comparison.startsWith("<") ? [bound.bound, Infinity] : [-Infinity, bound.bound];
  const corner = (along, across) => ({ coord: axis === "x" ? [along, across] : [across, along] });
  return [corner(from, -Infinity), corner(to, Infinity)];
}

function tradeoffFigure(task) {
  const { archs, metrics } = task;
  if (!metrics.length || !archs.notation.length) return null;
  const values = archs.objective.filter((v) => v !== null).sort((a, b) => a - b);
  if (!values.length) return null;
  const worst = values[Math.floor(values.length * (task.minimize ? 0.9 : 0.1))];
  const bounded = metrics.filter((m) => task.constraints.some((c) => c.metric === m));
  const order = [...bounded, ...metrics.filter((m) => !bounded.includes(m))];
  const start = starts(task);
  return new Figure({
    title: `${task.objective} against other metrics`,
    height: 420,
    canvas: archs.notation.length > 1500,
    controls: {
      metric: { label: "Metric", options: order.map((m) => [m, m]) },
      better: {
        label: "Better is",
        options: [
          ["auto", "as its bound or name says"],
          ["less", "less"],
          ["more", "more"],
        ],
      },
      range: {
        label: task.objective,
        options: [
          ["most", "without the worst tenth"],
          ["all", "all"],
        ],
      },
      scale: { label: "Axis", options: SCALES },
    },
    caption:
      "Every architecture that was evaluated. The line is the Pareto front of those that keep the constraints: nothing " +
      "evaluated is better in one of the two and not worse in the other. Shaded is what the constraints forbid. A click " +
      "at a point shows its architecture.",
    build: (state, colours) => {
      const m = metrics.indexOf(state.metric);
      const column = archs.metrics[m];
      const less = state.better === "auto" ? lessIsBetter(task, state.metric) : state.better === "less";
      const within = (i) =>
        state.range === "all" || (task.minimize ? archs.objective[i] <= worst : archs.objective[i] >= worst);
      const drawable = (i) =>
        archs.objective[i] !== null && column[i] !== null && (state.scale === "value" || column[i] > 0);
      const places = archs.notation.map((_, i) => i).filter((i) => drawable(i) && within(i));
      const point = (i) => [column[i], archs.objective[i], i];
      const pareto = front(archs, m, task.minimize, less).filter((i) => drawable(i) && within(i));
      const kept = places.filter((i) => archs.compliant[i]).map(point);
      const broken = places.filter((i) => !archs.compliant[i]).map(point);
      const begun = start
        .map((s) => archs.notation.indexOf(s))
        .filter((i) => i >= 0 && drawable(i))
        .map(point);
      const names = {
        kept: task.constraints.length ? "keeps the constraints" : "evaluated",
        broken: "breaks a constraint",
        front: "Pareto front",
        start: "start",
      };
      const scatter = (name, data, colour, extra = {}) => ({
        type: "scatter",
        name,
        data,
        symbolSize: 5,
        itemStyle: { color: colour, opacity: 0.55 },
        color: colour,
        large: data.length > 4000,
        largeThreshold: 4000,
        emphasis: { disabled: true },
        ...extra,
      });
      const series = [
        scatter(names.kept, kept, colours.colour(0), {
          markArea: {
            silent: true,
            itemStyle: { color: colours.shade },
            data: task.constraints
              .map((c) =>
                c.metric === state.metric ? forbidden(c, "x") : c.metric === task.objective ? forbidden(c, "y") : null,
              )
              .filter((area) => area),
          },
        }),
      ];
      if (broken.length) series.push(scatter(names.broken, broken, colours.soft, { symbol: "triangle" }));
      series.push({
        type: "line",
        name: names.front,
        data: pareto.map(point),
        step: less ? "end" : "start",
        symbol: "circle",
        symbolSize: 7,
        showAllSymbol: true,
        lineStyle: { width: 1.5 },
        color: colours.colour(1),
        z: 5,
        emphasis: { disabled: true },
      });
      if (begun.length)
        series.push(
          scatter(names.start, begun, colours.text, {
            symbol: "diamond",
            symbolSize: 13,
            itemStyle: { color: colours.text },
            z: 6,
          }),
        );
      const tip = ({ data, seriesName }) =>
        `<div style="max-width:300px;white-space:normal"><div>${escape(seriesName)}</div>` +
        `<div>${escape(task.objective)} <b>${num(data[1])}</b></div><div>${escape(state.metric)} <b>${num(data[0])}</b></div>` +
        `${notation(archs.notation[data[2]]).outerHTML}</div>`;
      const pick = (pixel, pixelOf) => {
        const far = (i) => {
          const [x, y] = pixelOf([column[i], archs.objective[i]]);
          return Math.hypot(x - pixel[0], y - pixel[1]);
        };
        const near = places.map((i) => [far(i), i]).reduce((a, b) => (b[0] < a[0] ? b : a), [12, null]);
        return near[1] === null ? null : picked(task, archs.notation[near[1]], "", near[1]);
      };
      const on = new Set(pareto);
      return {
        option: {
          tooltip: { trigger: "item", formatter: tip },
          xAxis: { type: state.scale, name: state.metric },
          yAxis: { type: "value", name: task.objective },
          series,
        },
        legend: [
          { name: names.kept, colour: colours.colour(0), dot: true },
          ...(broken.length ? [{ name: names.broken, colour: colours.soft, dot: true }] : []),
          { name: names.front, colour: colours.colour(1) },
          ...(begun.length ? [{ name: names.start, colour: colours.text, dot: true }] : []),
        ],
        csv: {
          columns: ["arch", state.metric, task.objective, "compliant", "pareto"],
          rows: places.map((i) => [archs.notation[i], column[i], archs.objective[i], archs.compliant[i], on.has(i)]),
        },
        pick,
      };
    },
  });
}

/** The architectures that a task's runs started from, as far as they were evaluated. */
const starts = (task) => task.starts;
