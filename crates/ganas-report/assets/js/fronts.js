// Fronts of several objectives: what half of the runs attain, and every architecture on a run's front.

function frontFigure(task, attainments) {
  if (!task.objectives || task.objectives.length < 2 || !attainments.length) return null;
  const names = task.objectives.map((o) => o.metric);
  const all = strategies(task);
  const axes = names.map((name, i) => [String(i), name]);
  return new Figure({
    title: `The front: ${names.join(", ")}`,
    height: 440,
    controls: {
      x: { label: "Across", options: [axes[1], ...axes.filter((_, i) => i !== 1)] },
      y: { label: "Up", options: axes },
      scale: { label: "Axis", options: SCALES },
    },
    caption:
      "Every point is an architecture that nothing in its run beats in all objectives. A line is what half of a strategy's " +
      "runs attain, its area what lies between a quarter and three quarters of them. Over a point its drawing is shown; a " +
      "click keeps it.",
    build: (state, colours) => {
      const [x, y] = [Number(state.x), Number(state.y)];
      const seen = new Map();
      task.runs.forEach((run) =>
        run.front.forEach((point) => {
          // Equal points of many runs are drawn once.
          const key = `${run.strategy} ${point.values.join(" ")}`;
          if (!seen.has(key)) seen.set(key, { point, run });
        }),
      );
      const points = [...seen.values()].filter(
        ({ point }) => state.scale === "value" || (point.values[x] > 0 && point.values[y] > 0),
      );
      const colour = (name) => colours.colour(all.indexOf(name));
      const series = all.map((name) => ({
        type: "scatter",
        name,
        data: points.filter(({ run }) => run.strategy === name).map(({ point }) => [point.values[x], point.values[y], point]),
        symbolSize: 6,
        itemStyle: { color: colour(name), opacity: 0.6 },
        color: colour(name),
      }));
      if (x === 1 && y === 0)
        attainments.forEach((a) => {
          const line = (values) => a.x.map((v, i) => [v, values[i]]).filter(([, v]) => v !== null);
          const step = task.objectives[1].minimize ? "end" : "start";
          const shown = (values, width, opacity) => ({
            type: "line",
            name: a.strategy,
            data: line(values),
            step,
            symbol: "none",
            silent: true,
            lineStyle: { width, opacity },
            color: colour(a.strategy),
            z: 4,
          });
          series.push(shown(a.median, 2, 1));
          if (a.runs > 1) series.push(shown(a.most, 1, 0.35), shown(a.least, 1, 0.35));
        });
      const tip = ({ data, seriesName }) => {
        const point = data[2];
        if (!point) return "";
        const rows = names.map((name, i) => `<div>${escape(name)} <b>${num(point.values[i])}</b></div>`).join("");
        const svg = point.arch ? task.drawings[point.arch] : null;
        const arch = point.arch ? notation(point.arch).outerHTML : "";
        const picture = svg ? `<div style="width:260px">${drawn(svg).outerHTML}</div>` : "";
        return `<div style="max-width:320px;white-space:normal"><div>${escape(seriesName)}</div>${rows}${arch}${picture}</div>`;
      };
      const pick = (pixel, pixelOf) => {
        const far = ({ point }) => {
          const [a, b] = pixelOf([point.values[x], point.values[y]]);
          return Math.hypot(a - pixel[0], b - pixel[1]);
        };
        const near = points.map((p) => [far(p), p]).reduce((a, b) => (b[0] < a[0] ? b : a), [12, null]);
        return near[1] === null || !near[1].point.arch ? null : picked(task, near[1].point.arch, "");
      };
      return {
        option: {
          tooltip: { trigger: "item", formatter: tip },
          xAxis: { type: state.scale, name: names[x] },
          yAxis: { type: state.scale, name: names[y], scale: true },
          series,
        },
        legend: all.map((name) => ({ name, colour: colour(name) })),
        csv: {
          columns: ["strategy", "seed", ...names, "arch"],
          rows: points.map(({ point, run }) => [run.strategy, run.seed, ...point.values, point.arch ?? ""]),
        },
        pick,
      };
    },
  });
}
