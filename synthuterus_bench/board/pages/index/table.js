/* The table of one suite and reference: chosen, searched, filtered and sorted here, without a reload. */
const ROWS = 25;

const compare = (a, b, way) => {
  /* Missing values last whichever way the column is sorted. */
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return way * (typeof a === "string" ? a.localeCompare(b) : a - b);
};

class Board {
  constructor(data) {
    this.texts = data.texts;
    this.tables = data.tables;
    for (const table of this.tables) {
      for (const entry of table.entries) {
        entry.badge = data.badges[entry.badge];
        entry.text = [entry.name, entry.family, entry.told, entry.view, entry.by, entry.badge[1], entry.id]
          .filter(Boolean).join(" ").toLowerCase();
      }
      table.chosen = new Set(table.columns.flatMap((column, place) => (column.shown ? [place] : [])));
    }
    this.choose(0);
    this.words = [];
    this.wanted = { told: "", view: "", family: "", checked: "" };
  }

  choose(place) {
    this.table = this.tables[place];
    this.scope = Object.keys(this.table.scopes).includes("pooled") ? "pooled" : Object.keys(this.table.scopes)[0];
    this.sort = { key: "tier", way: 1 };
    this.limit = ROWS;
  }

  columns() {
    return this.table.columns.map((column, place) => [column, place]).filter(([, place]) => this.table.chosen.has(place));
  }

  fits(entry) {
    return this.words.every((word) => entry.text.includes(word))
      && ["told", "view", "family"].every((name) => !this.wanted[name] || entry[name] === this.wanted[name])
      && (!this.wanted.checked || entry.badge[0] === this.wanted.checked);
  }

  key(line, order) {
    const [entry, standing, cells] = line;
    if (this.sort.key === "tier") return Array.isArray(standing) ? order : null;
    if (this.sort.key === "name") return this.table.entries[entry].name.toLowerCase();
    const cell = cells[this.sort.key];
    return Array.isArray(cell) ? cell[0] : null;
  }

  sorted(lines) {
    return lines.map((line, order) => [this.key(line, order), line])
      .sort((a, b) => compare(a[0], b[0], this.sort.way)).map(([, line]) => line);
  }

  /* The entries that fit and the controls, which are always there. */
  rows() {
    const every = this.table.scopes[this.scope];
    const entry = (line) => this.table.entries[line[0]];
    const ours = every.filter((line) => !entry(line).control);
    return {
      all: ours.length,
      entries: this.sorted(ours.filter((line) => this.fits(entry(line)))),
      controls: this.sorted(every.filter((line) => entry(line).control)),
    };
  }

  first_way(key) {
    return typeof key === "number" && this.table.columns[key].better === 1 ? -1 : 1;
  }
}

const head_cell = (board, key, title, arrow, detail) => {
  const node = make("th", typeof key === "number" ? "num" : "");
  node.scope = "col";
  node.setAttribute("role", "columnheader");
  node.dataset.key = key;
  const button = make("button", "", arrow ? `${title}\u00a0${arrow}` : title);
  button.type = "button";
  if (detail) button.append(make("span", "muted detail", detail));
  node.append(button);
  if (board.sort.key === key) node.setAttribute("aria-sort", board.sort.way === 1 ? "ascending" : "descending");
  return node;
};

const table_head = (board) => {
  const row = make("tr");
  row.setAttribute("role", "row");
  row.append(head_cell(board, "tier", "Tier"), head_cell(board, "name", "Generator"));
  for (const [column, place] of board.columns()) {
    row.append(head_cell(board, place, column.title, column.arrow, column.detail));
  }
  return row;
};

const table_row = (board, [place, standing, cells]) => {
  const row = make("tr");
  row.setAttribute("role", "row");
  row.append(tier_cell(standing, board.texts), name_cell(board.table.entries[place]));
  for (const [column, at] of board.columns()) row.append(result_cell(cells[at], column, board.texts));
  return row;
};

const divider = (board) => {
  const row = make("tr", "divider");
  row.setAttribute("role", "row");
  const cell = make("td", "", "Controls: images of a known fault, or of none. Always shown, never ranked.");
  cell.setAttribute("role", "cell");
  cell.colSpan = 2 + board.columns().length;
  row.append(cell);
  return row;
};
