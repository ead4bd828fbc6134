// The choices of architectures: their importance, and parallel coordinates.

/** Bars with intervals: how much the objective depends on each choice. */
function importanceFigure(task) {
  const { importance, choices } = task;
  if (!importance) return null;
  const order = choices.names
    .map((_, i) => i)
    .sort((a, b) => importance.shares[b][0] - importance.shares[a][0])
    .slice(0, 30);
  const percent = (share) => `${num(100 * share, 3)} %`;
  const shown = order.map((i) => importance.shares[i]);
  return new Figure({
    title: `Importance of each choice for ${task.objective}`,
    height: 90 + 26 * order.length,
    caption:
      "The rise of the squared error if the values of a choice are permuted, as a share of the variance, on " +
      `evaluations left out of the fit; mean and 95 % interval over bootstrap samples of ${plural(importance.rows, "evaluation")}. ` +
      `Boosted trees, which explain ${percent(Math.max(0, importance.explained))} of the variance there. Searches evaluate ` +
      "good architectures more often, so this is no statement about the whole space." +
      (importance.explained < 0.2 ? " The trees explain little: do not rely on the order." : ""),
    build: (_, colours) => ({
      option: {
        tooltip: {
          trigger: "axis",
          axisPointer: { type: "shadow" },
          formatter: ([p]) => {
            const [mean, low, high] = shown[p.dataIndex];
            return `<b>${escape(p.name)}</b><div>${percent(mean)} (${percent(low)} to ${percent(high)})</div>`;
          },
        },
        xAxis: { type: "value", name: "share of the variance", scale: false, axisLabel: { formatter: (v) => percent(v) } },
        yAxis: {
          type: "category",
          data: order.map((i) => choices.names[i]),
          inverse: true,
          axisLabel: { width: 110, overflow: "truncate" },
        },
        series: [
          {
            type: "bar",
            barMaxWidth: 14,
            itemStyle: { color: colours.colour(0) },
            data: shown.map((s) => Math.max(0, s[0])),
            emphasis: { disabled: true },
          },
          {
            type: "custom",
            data: shown.map(([, low, high], i) => [low, high, i]),
            encode: { x: [0, 1], y: 2 },
            renderItem: (_, api) => {
              const [a, b] = [api.coord([api.value(0), api.value(2)]), api.coord([api.value(1), api.value(2)])];
              const style = { stroke: colours.text, lineWidth: 1.5 };
              const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
              return {
                type: "group",
                children: [line(a[0], a[1], b[0], b[1]), ...[a, b].map(([x, y]) => line(x, y - 4, x, y + 4))],
              };
            },
            silent: true,
            z: 5,
          },
        ],
      },
      csv: {
        columns: ["choice", "share", "low", "high"],
        rows: order.map((i) => [choices.names[i], ...importance.shares[i]]),
      },
    }),
  });
}

const PARALLEL = { column: 92, top: 30, height: 260, side: 60, most: 300, axes: 40 };

/** Every choice as an axis, and the best architectures as lines through their values. */
function parallelFigure(task) {
  const { choices, archs } = task;
  if (!choices || choices.names.length < 2) return null;
  const turned = (i) => (task.minimize ? archs.objective[i] : -archs.objective[i]);
  const ranked = archs.notation
    .map((_, i) => i)
    .filter((i) => archs.objective[i] !== null && archs.compliant[i])
    .sort((a, b) => turned(a) - turned(b));
  if (ranked.length < 2) return null;
  const counts = [20, 100, PARALLEL.most].filter((n, i, all) => i === 0 || ranked.length > all[i - 1]);
  const place = el("div", { class: "scroll parallel", role: "img", "aria-label": "Parallel coordinates of the best architectures" });
  const shownArch = el("div", { "aria-live": "polite" });
  const draw = (count) => place.replaceChildren(parallelSvg(task, ranked.slice(0, count), shownArch));
  const select = el(
    "select",
    { onchange: (event) => draw(Number(event.target.value)) },
    counts.map((n) => el("option", { value: String(n) }, `best ${Math.min(n, ranked.length)}`)),
  );
  draw(counts[0]);
  const element = el(
    "figure",
    { class: "parallel-figure" },
    el("h4", {}, "Choices of the best architectures"),
    el("div", { class: "tools" }, el("label", {}, "Show", select)),
    place,
    shownArch,
    el(
      "figcaption",
      {},
      "An axis for each choice, and a line for each architecture. The best tenth of the lines is in colour; the last " +
        "axis is the objective. A click at a line shows its architecture." +
        (choices.names.length > PARALLEL.axes ? ` The first ${PARALLEL.axes} of ${choices.names.length} choices.` : ""),
    ),
  );
  return { element };
}

/** The drawing of the lines. Lines of equal values are spread a little, so that their number is seen. */
function parallelSvg(task, places, shownArch) {
  const { choices, archs } = task;
  const axes = Math.min(choices.names.length, PARALLEL.axes);
  const { column, top, height, side } = PARALLEL;
  const width = 2 * side + column * axes;
  const svgEl = (tag, properties, ...children) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(properties)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const svg = svgEl("svg", { viewBox: `0 0 ${width} ${top + height + 40}`, width, class: "parallel-lines" });
  const x = (axis) => side + column * axis;
  const values = places.map((i) => archs.objective[i]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const y = (share) => top + height * (1 - share);
  const level = (axis, i, k) => {
    const levels = choices.levels[axis].length;
    const value = choices.values[axis][i];
    const spread = ((k * 37) % places.length) / places.length - 0.5;
    return y((value === null ? -0.06 * levels : value + 0.5 + 0.5 * spread) / levels);
  };
  const share = (value) => (high > low ? (value - low) / (high - low) : 0.5);
  const tenth = Math.max(1, Math.ceil(places.length / 10));
  places
    .map((i, k) => [i, k])
    .reverse()
    .forEach(([i, k]) => {
      const points = Array.from({ length: axes }, (_, axis) => `${x(axis)} ${level(axis, i, k).toFixed(1)}`);
      points.push(`${x(axes)} ${y(share(archs.objective[i])).toFixed(1)}`);
      const line = svgEl(
        "path",
        { d: `M${points.join("L")}`, class: k < tenth ? "line top" : "line" },
        svgEl("title", {}, `${task.objective} ${num(archs.objective[i])}\n${archs.notation[i]}`),
      );
      line.addEventListener("click", () => shownArch.replaceChildren(picked(task, archs.notation[i], "", i)));
      svg.append(line);
    });
  for (let axis = 0; axis <= axes; axis += 1) {
    const name = axis < axes ? choices.names[axis] : task.objective;
    svg.append(
      svgEl("path", { d: `M${x(axis)} ${top}V${top + height}`, class: "axis" }),
      svgEl("text", { x: x(axis), y: 16, class: "name" }, name),
    );
    const labels = axis < axes ? choices.levels[axis] : [num(low, 6), num(high, 6)];
    labels.forEach((text, i) => {
      const at = axis < axes ? y((i + 0.5) / labels.length) : y(i) + (i ? -4 : 14);
      const brief = text.length > 14 ? `${text.slice(0, 13)}…` : text;
      svg.append(svgEl("text", { x: x(axis) + 4, y: at + 4, class: "level" }, brief));
    });
  }
  return svg;
}
