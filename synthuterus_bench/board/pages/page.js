"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const controls = document.getElementById("controls");
  if (!controls) return;
  controls.hidden = false;
  const field = (id) => document.getElementById(id);
  const bodies = [...document.querySelectorAll("tbody[data-scope]")];

  const show = () => {
    const words = field("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    let all = 0;
    for (const body of bodies) {
      body.hidden = body.dataset.scope !== field("scope").value;
      for (const row of body.rows) {
        row.hidden = !words.every((word) => row.dataset.text.includes(word))
          || (field("conditioning").value !== "" && row.dataset.conditioning !== field("conditioning").value)
          || (field("view").value !== "" && row.dataset.view !== field("view").value);
        if (body.hidden) continue;
        all += 1;
        if (!row.hidden) shown += 1;
      }
    }
    field("count").textContent = `${shown} of ${all} entries`;
  };

  /* Numbers before texts, and missing values last whichever way the column is sorted. */
  const compare = (a, b, sign) => {
    if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
    const [x, y] = [Number(a), Number(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return sign * a.localeCompare(b);
    return sign * (x - y);
  };

  const opposite = { ascending: "descending", descending: "ascending" };
  const sort = (head, way) => {
    const table = head.closest("table");
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way);
    const place = head.cellIndex;
    const key = (row) => row.cells[place].dataset.sort || "";
    for (const body of table.tBodies) {
      const rows = [...body.rows].sort((a, b) => compare(key(a), key(b), way === "ascending" ? 1 : -1));
      body.append(...rows);
    }
  };

  for (const head of document.querySelectorAll(".board thead th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head, opposite[head.getAttribute("aria-sort")] || head.dataset.first));
  }
  for (const label of document.querySelectorAll(".phone-sort")) {
    const heads = [...label.parentElement.querySelectorAll(".board thead th")];
    const select = label.querySelector("select");
    select.append(...heads.map((head) => new Option(head.textContent.trim().replace(/\s+/g, " "))));
    select.addEventListener("change", () => sort(heads[select.selectedIndex], heads[select.selectedIndex].dataset.first));
    label.hidden = false;
  }
  for (const id of ["scope", "conditioning", "view"]) field(id).addEventListener("change", show);
  field("search").addEventListener("input", show);
  show();
});
