// Data, numbers, and elements.

/** Scales of an axis. */
const SCALES = [
  ["value", "linear"],
  ["log", "logarithmic"],
];

const media = matchMedia("(prefers-color-scheme: dark)");

/** An element with properties and children; texts are texts. */
function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** What is only made once the reader comes near. */
function later(build) {
  const place = el("div", { class: "later" });
  place.build = () => {
    coming.unobserve(place);
    place.replaceWith(build());
  };
  coming.observe(place);
  return place;
}

const coming = new IntersectionObserver(
  (entries) => entries.filter((e) => e.isIntersecting).forEach((e) => e.target.build()),
  { rootMargin: "800px" },
);

/** What is only made once it is unfolded. */
function folded(summary, build) {
  const unfold = (event) => {
    if (event.target.open && event.target.children.length === 1) event.target.append(...[build()].flat());
  };
  return el("details", { ontoggle: unfold }, el("summary", {}, summary));
}

const whole = new Intl.NumberFormat("en-US");

/** A number as it is read: so many digits that count, no trailing zeros. */
function num(value, digits = 6) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return whole.format(value).replaceAll(",", "\u202f");
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(Math.min(digits - 1, 3));
  return String(Number(value.toPrecision(digits)));
}

/** A number as an axis has room for it. */
function short(value) {
  const size = Math.abs(value);
  for (const [unit, letter] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ]) {
    if (size >= unit) return `${num(value / (letter === "k" ? 1e3 : unit), 4)}${letter}`;
  }
  return num(value, 6);
}

function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 120) return `${num(value, 3)} s`;
  if (value < 7200) return `${num(value / 60, 3)} min`;
  return `${num(value / 3600, 3)} h`;
}

const plural = (count, word) => `${num(count)} ${word}${count === 1 ? "" : "s"}`;

/** Text that stands in HTML that a tooltip is made of. */
const escape = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/** A field of a CSV file. */
function field(value) {
  if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) return "";
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lets the reader save a text. */
function save(name, type, text) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const csv = (columns, rows) => [columns, ...rows].map((row) => row.map(field).join(",") + "\n").join("");

const slug = (text) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/**
 * An architecture's notation, which breaks between its parts only: after one of the separators of all spaces.
 */
function notation(text) {
  const parts = text.split(/(?<=[;|+,)\]\s])(?=[^;|+,)\]\s])/);
  return el(
    "code",
    { class: "notation" },
    parts.flatMap((part) => [el("span", {}, part), el("wbr")]),
  );
}

/**
 * Colours that are told apart by all who see no red, no green or no blue, too; a test of the crate measures it.
 * Lines beyond their number are dashed.
 */
const LIGHT = ["#0072b2", "#d55e00", "#785ef0", "#882255", "#cc6677", "#662506", "#000000"];
const DARK = ["#56b4e9", "#e69f00", "#785ef0", "#aa3377", "#ee6677", "#8a5a00", "#ffffff"];

/** What charts are drawn with. On paper and in files it is always light. */
function theme(light = false) {
  const dark = media.matches && !light;
  return {
    dark,
    text: dark ? "#e6edf3" : "#1f2328",
    soft: dark ? "#9198a1" : "#59636e",
    line: dark ? "#3d444d" : "#d1d9e0",
    back: dark ? "#161b22" : "#ffffff",
    bad: dark ? "#f85149" : "#cf222e",
    shade: dark ? "rgba(248,81,73,.13)" : "rgba(207,34,46,.09)",
    colour: (i) => (dark ? DARK : LIGHT)[i % LIGHT.length],
    dashed: (i) => i >= LIGHT.length,
  };
}
