// A figure: a chart with its title, controls, legend, downloads and caption.

const figures = [];

/** Figures are drawn when they come near the window: at once in it, and about it when there is time. */
const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      const figure = figures.find((f) => f.place === entry.target);
      const { top, bottom } = entry.boundingClientRect;
      if (top < innerHeight && bottom > 0) figure?.draw();
      else idle(() => figure?.chart ?? figure?.draw());
    }
  },
  { rootMargin: "400px" },
);

const idle = window.requestIdleCallback ?? setTimeout;

/** Charts are as wide as their place. */
const widths = new ResizeObserver((entries) => {
  for (const entry of entries) figures.find((f) => f.place === entry.target)?.chart?.resize();
});

class Figure {
  /**
   * `controls` are `{name: {label, options: [[value, text], ..]}}`; `build(state, theme)` gives
   * `{option, csv: {columns, rows}, legend: [{name, colour, dot}], pick}`. `canvas` says whether there are too many
   * marks for SVG. `pick(pixel, pixelOf)` is what a click at a place shows below the chart, or null; `pixelOf`
   * gives the place of a point.
   */
  constructor({ title, caption, controls = {}, build, height = 300, canvas = false }) {
    Object.assign(this, { title, build, height, canvas, chart: null });
    this.state = Object.fromEntries(Object.entries(controls).map(([name, c]) => [name, c.options[0][0]]));
    this.place = el("div", { class: "chart", role: "img", "aria-label": title });
    this.place.style.height = `${height}px`;
    this.picked = el("div", { "aria-live": "polite" });
    this.legend = el("div", { class: "legend" });
    const choices = Object.entries(controls)
      .filter(([, c]) => c.options.length > 1)
      .map(([name, c]) => el("label", {}, c.label, this.choice(name, c.options)));
    this.element = el(
      "figure",
      {},
      el(
        "div",
        { class: "head" },
        el("h4", {}, title),
        el(
          "span",
          { class: "buttons" },
          el("button", { type: "button", title: "Save the chart as SVG", onclick: () => this.saveSvg() }, "SVG"),
          " ",
          el("button", { type: "button", title: "Save its numbers as CSV", onclick: () => this.saveCsv() }, "CSV"),
        ),
      ),
      choices.length ? el("div", { class: "tools" }, choices) : null,
      this.legend,
      this.place,
      this.picked,
      caption ? el("figcaption", {}, caption) : null,
    );
    figures.push(this);
    near.observe(this.place);
    widths.observe(this.place);
  }

  choice(name, options) {
    const change = (event) => {
      this.state[name] = event.target.value;
      this.draw();
    };
    const items = options.map(([value, text]) => el("option", { value }, text));
    return el("select", { name, onchange: change }, items);
  }

  /** Draws it, or draws it again. */
  draw(light = false) {
    const colours = theme(light);
    const built = this.build(this.state, colours);
    if (this.chart && this.dark !== colours.dark) {
      this.chart.dispose();
      this.chart = null;
    }
    this.dark = colours.dark;
    this.pick = built.pick;
    if (!this.chart) {
      this.chart = echarts.init(this.place, null, { renderer: this.canvas ? "canvas" : "svg" });
      this.chart.getZr().on("click", (event) => this.click([event.offsetX, event.offsetY]));
    }
    this.chart.setOption(finish(built.option, colours), { notMerge: true });
    this.showLegend(built.legend ?? []);
    near.unobserve(this.place);
  }

  /** Shows what is at a place of the chart. */
  click(pixel) {
    const pixelOf = (point) => this.chart.convertToPixel({ gridIndex: 0 }, point);
    const shown = this.pick?.(pixel, pixelOf);
    if (shown) this.picked.replaceChildren(shown);
  }

  showLegend(items) {
    const toggle = (event, item) => {
      const button = event.currentTarget;
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      this.chart.dispatchAction({ type: "legendToggleSelect", name: item.name });
    };
    this.legend.replaceChildren(
      ...(items.length > 1 ? items : []).map((item) => {
        const sign = el("i", item.dot ? { class: "dot" } : {});
        sign.style.background = item.dash
          ? `repeating-linear-gradient(90deg, ${item.colour} 0 4px, transparent 4px 7px)`
          : item.colour;
        return el(
          "button",
          { type: "button", "aria-pressed": "true", title: "Show or hide", onclick: (e) => toggle(e, item) },
          sign,
          item.name,
        );
      }),
    );
  }

  saveCsv() {
    const { columns, rows } = this.build(this.state, theme()).csv;
    save(`${slug(this.title)}.csv`, "text/csv", csv(columns, rows));
  }

  saveSvg() {
    const colours = theme(true);
    const { option, legend = [] } = this.build(this.state, colours);
    const whole = finish(option, colours);
    whole.animation = false;
    whole.backgroundColor = "#ffffff";
    const rows = Math.ceil(legend.length / 4);
    whole.grid = { ...whole.grid, top: 36 + 22 * rows };
    whole.legend = {
      data: legend.map((l) => ({ name: l.name, itemStyle: { color: l.colour }, lineStyle: { color: l.colour } })),
      top: 6,
      textStyle: { color: colours.text },
    };
    const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 900, height: 460 + 20 * rows });
    chart.setOption(whole);
    save(`${slug(this.title)}.svg`, "image/svg+xml", chart.renderToSVGString());
    chart.dispose();
  }
}

/** What all charts have in common. */
function finish(option, colours) {
  const axis = (a, side) => ({
    nameLocation: side === "x" ? "middle" : "end",
    nameGap: side === "x" ? 28 : 12,
    nameTextStyle: { color: colours.soft, align: side === "x" ? "center" : "left", fontSize: 12 },
    axisLabel: {
      color: colours.soft,
      hideOverlap: true,
      fontSize: 11.5,
      ...(a.type === "category" ? {} : { formatter: short }),
      ...a.axisLabel,
    },
    axisLine: { lineStyle: { color: colours.line } },
    splitLine: { show: side === "y", lineStyle: { color: colours.line, opacity: 0.6 } },
    scale: true,
    ...a,
  });
  return {
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif", color: colours.text },
    aria: { enabled: true },
    ...option,
    grid: {
      left: 6,
      right: 18,
      top: 34,
      bottom: 26,
      outerBoundsMode: "same",
      outerBoundsContain: "axisLabel",
      ...option.grid,
    },
    xAxis: axis(option.xAxis, "x"),
    yAxis: axis(option.yAxis, "y"),
    legend: { show: false },
    tooltip: {
      confine: true,
      backgroundColor: colours.back,
      borderColor: colours.line,
      textStyle: { color: colours.text, fontSize: 12.5 },
      ...option.tooltip,
    },
  };
}

media.addEventListener("change", () => figures.forEach((f) => f.chart && f.draw()));

/** Charts are as wide as a sheet before it is laid out, and light. */
function printing(on) {
  document.body.classList.toggle("printing", on);
  if (on) document.querySelectorAll(".later").forEach((place) => place.build());
  for (const figure of figures) {
    // Drawing does not wait for a frame, which would come too late.
    figure.chart?.resize();
    figure.draw(on);
  }
}
addEventListener("beforeprint", () => printing(true));
addEventListener("afterprint", () => printing(false));
