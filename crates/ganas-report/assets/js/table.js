// The table of all architectures: sorted, filtered, in pages; a row unfolds to its drawing.

const ROWS = 20;

/** Where each architecture was found: in how many runs, and first by which query of which run. */
function finds(task) {
  const found = task.archs.notation.map(() => ({ runs: 0, query: Infinity, round: 0, run: null }));
  for (const run of task.runs) {
    run.evaluations.forEach((place, i) => {
      const f = found[place];
      f.runs += 1;
      if (i + 1 < f.query) Object.assign(f, { query: i + 1, round: run.rounds_of[i], run });
    });
  }
  return found;
}

/** What a filter lets through: words of the notation, and conditions such as `params<=1e6`. */
function filterOf(task, text) {
  const columns = { [task.objective]: task.archs.objective };
  task.metrics.forEach((name, i) => (columns[name] = task.archs.metrics[i]));
  const spaced = text.replace(/\s*(<=|>=|<|>|=)\s*/g, "$1");
  const conditions = spaced
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => {
      const [, name, sign, bound] = word.match(/^([^<>=]+)(<=|>=|<|>|=)([-+.\deE]+)$/) ?? [];
      const column = columns[name];
      if (!column || Number.isNaN(Number(bound)))
        return (i) => task.archs.notation[i].toLowerCase().includes(word.toLowerCase());
      const compare = {
        "<=": (v) => v <= bound,
        ">=": (v) => v >= bound,
        "<": (v) => v < Number(bound),
        ">": (v) => v > Number(bound),
        "=": (v) => v === Number(bound),
      }[sign];
      return (i) => column[i] !== null && compare(column[i]);
    });
  return (i) => conditions.every((holds) => holds(i));
}

/** The middle value of a constrained metric or the objective, for an example of a condition. */
function median(task) {
  const m = task.metrics.indexOf(task.constraints[0]?.metric);
  const values = (m < 0 ? task.archs.objective : task.archs.metrics[m]).filter((v) => v !== null).sort((a, b) => a - b);
  return values[values.length >> 1] ?? 0;
}

/** The drawing of an architecture, or the command that draws it: all of them would be a large page. */
function about(task, notation) {
  if (task.drawings[notation]) return drawn(task.drawings[notation]);
  const command = `ganas export ${quoted(notation)} --space ${quoted(task.space)} --to svg --out drawing.svg`;
  return el("div", {}, el("span", { class: "soft" }, "The best ones are drawn here. This draws it: "), el("code", {}, command));
}

/** An architecture that was clicked at: where, its values, and its drawing. */
function picked(task, text, where, place = task.archs.notation.indexOf(text)) {
  const { archs, metrics, objective } = task;
  const values = place < 0 ? [] : [[objective, archs.objective[place]], ...metrics.map((m, k) => [m, archs.metrics[k][place]])];
  const known = values.filter(([, value]) => value !== null).map(([name, value]) => `${name} ${num(value, 6)}`);
  return el(
    "div",
    { class: "picked" },
    el("p", {}, notation(text)),
    el("p", { class: "soft" }, [where, ...known].filter((part) => part).join(", ")),
    about(task, text),
  );
}

/** A row and, once it is unfolded, what is below it. */
function unfolding(task, notation, row) {
  const sign = el("button", { type: "button", class: "unfold", "aria-expanded": "false", title: "Show its drawing" }, "▸");
  let below = null;
  sign.addEventListener("click", () => {
    const open = below === null;
    if (open) {
      below = el("tr", { class: "about" }, el("td", { class: "left", colSpan: row.children.length }, about(task, notation)));
      row.after(below);
    } else {
      below.remove();
      below = null;
    }
    sign.setAttribute("aria-expanded", String(open));
    sign.textContent = open ? "▾" : "▸";
  });
  row.firstElementChild.prepend(sign);
  return row;
}

function archTable(task) {
  const { archs } = task;
  const found = finds(task);
  const number = (name, value) => ({ name, value, text: (i) => num(value(i)) });
  const many = task.runs.length > 1;
  const columns = [
    { name: "architecture", value: (i) => archs.notation[i], text: (i) => notation(archs.notation[i]), left: true },
    {
      name: task.objective,
      value: (i) => archs.objective[i],
      text: (i) =>
        archs.objective[i] === null
          ? `failed${archs.failures[i] ? `: ${archs.failures[i].slice(0, 60)}` : ""}`
          : num(archs.objective[i], 8),
    },
    ...task.metrics.map((name, m) => number(name, (i) => archs.metrics[m][i])),
    ...(many ? [number("runs", (i) => found[i].runs)] : []),
    number(many ? "first query" : "query", (i) => found[i].query),
    number("round", (i) => found[i].round),
    ...(many
      ? [
          {
            name: "first found by",
            value: (i) => `${found[i].run?.strategy} ${found[i].run?.seed}`,
            text: (i) => `${found[i].run?.strategy}, seed ${found[i].run?.seed}`,
            left: true,
          },
        ]
      : []),
  ];
  const state = { column: 1, down: !task.minimize, page: 0, filter: "", only: false };
  let order = [];
  const body = el("tbody");
  const count = el("span", { class: "soft", "aria-live": "polite" });
  const back = el("button", { type: "button", onclick: () => turn(-1) }, "‹ Back");
  const on = el("button", { type: "button", onclick: () => turn(1) }, "On ›");
  const heads = columns.map((c, i) =>
    el(
      "th",
      { class: c.left ? "left" : "", scope: "col" },
      el("button", { type: "button", onclick: () => sortBy(i) }, c.name),
    ),
  );

  function sortBy(column) {
    state.down = state.column === column ? !state.down : column > 0;
    state.column = column;
    arrange();
  }

  function arrange() {
    const lets = filterOf(task, state.filter);
    const value = columns[state.column].value;
    const sign = state.down ? -1 : 1;
    order = archs.notation.map((_, i) => i).filter((i) => (!state.only || archs.compliant[i]) && lets(i));
    const keys = archs.notation.map((_, i) => value(i));
    // What has no value comes last, whichever way.
    order.sort((a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return (x < y ? -sign : x > y ? sign : 0) || a - b;
    });
    state.page = 0;
    heads.forEach((head, i) => {
      if (i === state.column) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    show();
  }

  function turn(by) {
    state.page += by;
    show();
  }

  function show() {
    const begin = state.page * ROWS;
    const rows = order.slice(begin, begin + ROWS).map((i) => {
      const row = el(
        "tr",
        archs.compliant[i]
          ? {}
          : {
              class: "out",
              title:
                archs.objective[i] === null
                  ? `The evaluation failed: ${archs.failures[i] ?? "it gave no value"}`
                  : "Breaks a constraint",
            },
        columns.map((c) => el("td", { class: c === columns[0] ? "left arch mono" : c.left ? "left" : "" }, c.text(i))),
      );
      return unfolding(task, archs.notation[i], row);
    });
    body.replaceChildren(...rows);
    count.textContent = order.length
      ? `${num(begin + 1)} to ${num(Math.min(begin + ROWS, order.length))} of ${num(order.length)}`
      : "none";
    back.disabled = begin === 0;
    on.disabled = begin + ROWS >= order.length;
  }

  const filter = el("input", {
    type: "search",
    size: "34",
    "aria-label": "Filter",
    placeholder: `words, or ${task.constraints[0]?.metric ?? task.objective} > ${num(median(task), 3).replaceAll("\u202f", "")}`,
    oninput: (event) => {
      state.filter = event.target.value;
      arrange();
    },
  });
  const only = el("input", {
    type: "checkbox",
    onchange: (event) => {
      state.only = event.target.checked;
      arrange();
    },
  });
  const download = () => {
    const rows = order.map((i) => [...columns.map((c) => c.value(i)), archs.compliant[i]]);
    save("architectures.csv", "text/csv", csv([...columns.map((c) => c.name), "compliant"], rows));
  };
  arrange();
  return el(
    "div",
    { class: "archs" },
    el(
      "div",
      { class: "tools" },
      el("label", {}, "Filter", filter),
      task.constraints.length ? el("label", {}, only, "only those that keep the constraints") : null,
      count,
      back,
      on,
      el(
        "button",
        { type: "button", title: "Save the rows that are shown on all pages as CSV", onclick: download },
        "CSV",
      ),
    ),
    el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, heads)), body)),
  );
}
