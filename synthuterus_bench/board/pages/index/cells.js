/* What one cell shows. Whatever comes from an entry is written as text, never as markup. */
const make = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
};

const MINUS = "\u2212";

/* A number as the column prints it: times its power of ten, with its decimals and a true minus sign. */
const written = (value, column) => {
  const scaled = value * 10 ** column.power;
  if (Math.abs(scaled) >= 1e6) return scaled.toExponential(2).replace("-", MINUS);
  const text = scaled.toFixed(column.decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", MINUS);
};

const written_span = (ends, column) => ends.map((end) => written(end, column)).join(" to ");

const measured_cell = (cell, column) => {
  const [value, low, high, floor] = cell;
  const box = make("div");
  box.append(make("span", "value", written(value, column)));
  if (typeof low === "number") box.append(make("span", "ci", written_span([low, high], column)));
  if (typeof floor === "number") box.append(make("span", "floor", `floor ${written_span(column.floors[floor], column)}`));
  return box;
};

const result_cell = (cell, column, texts) => {
  const node = make("td", "num cell");
  node.setAttribute("role", "cell");
  node.dataset.label = `${column.title} ${column.arrow} ${column.detail}`;
  if (Array.isArray(cell)) {
    node.append(measured_cell(cell, column));
  } else {
    const box = make("div");
    if (cell === 0) {
      box.append(make("span", "none", "not measured"));
    } else {
      const [status, reason] = texts[cell - 1];
      const why = make("span", "reason", reason);
      why.title = reason;
      box.append(make("span", "status", status), why);
    }
    node.append(box);
  }
  return node;
};

const span_text = (best, worst) => (best === worst ? `${best}` : `${best}\u2013${worst}`);

const range_picture = (best, worst, count) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const attributes = { class: "range", viewBox: `0 0 ${count * 10} 6`, preserveAspectRatio: "none", "aria-hidden": "true" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  for (const [name, x, width] of [["track", 0, count * 10], ["span", best * 10 - 10, (worst - best) * 10 + 10]]) {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const values = { class: name, x, width, height: 6 };
    for (const [key, value] of Object.entries(values)) rect.setAttribute(key, value);
    svg.append(rect);
  }
  return svg;
};

const tier_cell = (standing, texts) => {
  const node = make("td", "rank");
  node.setAttribute("role", "cell");
  node.dataset.label = "Tier";
  const box = make("div");
  if (Array.isArray(standing)) {
    const [tier, last, best, worst, count] = standing;
    box.append(make("span", "value", `Tier ${span_text(tier, last)}`));
    box.append(make("span", "place", `rank ${span_text(best, worst)} of ${count}`));
    box.append(range_picture(best, worst, count));
  } else {
    const [, reason] = texts[standing - 1];
    if (reason === "control") {
      box.append(make("span", "status", "control"));
    } else {
      box.append(make("span", "status", "unranked"), make("span", "reason", reason));
    }
  }
  node.append(box);
  return node;
};

const MARKS = { verified: "\u2713 ", differs: "\u2717 ", declared: "" };

const name_cell = (entry) => {
  const node = make("th");
  node.scope = "row";
  node.setAttribute("role", "rowheader");
  const link = make("a");
  link.href = `entry/${entry.id}.html`;
  link.append(make("bdi", "", entry.name));
  const about = [entry.told, `${entry.dims}D`, entry.view, `n\u00a0${entry.n}`].filter(Boolean).join(" \u00b7 ");
  node.append(link, make("span", "about", about));
  const [state, text, words] = entry.badge;
  const badge = make("span", `tag badge ${state}`, MARKS[state] + text);
  badge.title = words;
  node.append(badge);
  if (entry.control) node.append(" ", make("span", "tag warn", "control"));
  return node;
};
