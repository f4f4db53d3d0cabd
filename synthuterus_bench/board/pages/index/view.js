/* The controls around the table. */
document.addEventListener("DOMContentLoaded", () => {
  const source = document.getElementById("data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  if (!data.tables.length) return;
  const board = new Board(data);
  const field = (id) => document.getElementById(id);
  const head = field("head");
  const body = field("rows");
  const fixed = field("controls-rows");

  const options = (select, values, any) => {
    const old = select.value;
    select.replaceChildren(...(any === undefined ? [] : [new Option(any, "")]), ...values.map((value) => new Option(value)));
    if ([...select.options].some((option) => option.value === old)) select.value = old;
  };

  const rows = () => {
    const found = board.rows();
    const some = found.entries.slice(0, board.limit);
    body.replaceChildren(...some.map((line) => table_row(board, line)));
    const controls_shown = found.controls.slice(0, board.limit);
    fixed.replaceChildren(...(found.controls.length ? [divider(board)] : []), ...controls_shown.map((line) => table_row(board, line)));
    const hidden = found.entries.length - some.length + found.controls.length - controls_shown.length;
    const controls = found.controls.length ? `, ${found.controls.length} controls` : "";
    field("count").textContent = `${found.entries.length} of ${found.all} entries${some.length < found.entries.length ? `, ${some.length} shown` : ""}${controls}`;
    field("more").hidden = !hidden;
    field("every").hidden = !hidden;
  };

  const heads = () => {
    head.replaceChildren(table_head(board));
    const keys = ["tier", "name", ...board.columns().map(([, place]) => place)];
    const names = ["Tier", "Generator", ...board.columns().map(([column]) => `${column.title} ${column.detail}`.trim())];
    field("sort").replaceChildren(...keys.map((key, place) => new Option(names[place], key)));
    field("sort").value = board.sort.key;
  };

  const chooser = () => {
    const kinds = [...new Set(board.table.columns.map((column) => column.kind))];
    field("choices").replaceChildren(...kinds.map((kind) => {
      const set = make("fieldset");
      set.append(make("legend", "", kind));
      board.table.columns.forEach((column, place) => {
        if (column.kind !== kind) return;
        const label = make("label");
        const box = make("input");
        box.type = "checkbox";
        box.value = place;
        box.checked = board.table.chosen.has(place);
        label.append(box, ` ${column.title}${column.detail ? `, ${column.detail}` : ""}`);
        set.append(label);
      });
      return set;
    }));
  };

  const whole = () => {
    const { table } = board;
    field("name").textContent = table.title;
    field("phantom").hidden = !table.phantom;
    field("protocol").textContent = table.protocol.slice(0, 12);
    field("protocol").title = table.protocol;
    field("reference").textContent = table.reference.slice(0, 12);
    field("reference").title = table.reference;
    field("as-csv").href = `tables/${table.name}.csv`;
    field("as-json").href = `tables/${table.name}.json`;
    field("region").setAttribute("aria-label", `Results of ${table.title}`);
    options(field("scope"), Object.keys(table.scopes));
    field("scope").value = board.scope;
    for (const name of ["told", "view", "family"]) {
      const ours = table.entries.filter((entry) => !entry.control);
      options(field(name), [...new Set(ours.map((entry) => entry[name]).filter(Boolean))].sort(), "any");
      board.wanted[name] = field(name).value;
    }
    chooser();
    heads();
    rows();
  };

  const sort = (key) => {
    const { sort: old } = board;
    board.sort = { key, way: old.key === key ? -old.way : board.first_way(key) };
    for (const cell of head.querySelectorAll("th")) {
      if (cell.dataset.key === `${key}`) cell.setAttribute("aria-sort", board.sort.way === 1 ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    }
    field("sort").value = key;
    rows();
  };
  const key_of = (text) => (/^\d+$/.test(text) ? Number(text) : text);

  head.addEventListener("click", (event) => {
    const cell = event.target.closest("th");
    if (cell && event.target.closest("button")) sort(key_of(cell.dataset.key));
  });
  field("sort").addEventListener("change", () => sort(key_of(field("sort").value)));
  field("way").addEventListener("click", () => sort(board.sort.key));
  field("search").addEventListener("input", () => {
    board.words = field("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    rows();
  });
  for (const name of ["told", "view", "family", "checked"]) {
    field(name).addEventListener("change", () => { board.wanted[name] = field(name).value; rows(); });
  }
  field("scope").addEventListener("change", () => { board.scope = field("scope").value; rows(); });
  field("choices").addEventListener("change", (event) => {
    const place = Number(event.target.value);
    if (event.target.checked) board.table.chosen.add(place); else board.table.chosen.delete(place);
    if (board.sort.key === place) board.sort = { key: "tier", way: 1 };
    heads();
    rows();
  });
  const choose_columns = (wanted) => {
    board.table.chosen = new Set(board.table.columns.flatMap((column, place) => (wanted(column) ? [place] : [])));
    if (typeof board.sort.key === "number" && !board.table.chosen.has(board.sort.key)) board.sort = { key: "tier", way: 1 };
    chooser();
    heads();
    rows();
  };
  field("all-columns").addEventListener("click", () => choose_columns(() => true));
  field("usual-columns").addEventListener("click", () => choose_columns((column) => column.shown));
  field("more").addEventListener("click", () => { board.limit += ROWS; rows(); });
  field("every").addEventListener("click", () => { board.limit = Infinity; rows(); });
  field("save").addEventListener("click", () => save_shown(board));
  if (board.tables.length > 1) {
    field("table").replaceChildren(...board.tables.map((table, place) => new Option(table.title, place)));
    field("table").addEventListener("change", () => { board.choose(Number(field("table").value)); whole(); });
    field("table-label").hidden = false;
  }
  whole();
  field("board").hidden = false;
});
