/* What is shown, as a CSV file. A text that a spreadsheet would run as a formula gets an apostrophe. */
const quoted = (value) => {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return `${value}`;
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const as_csv = (board) => {
  const columns = board.columns();
  const heads = columns.flatMap(([column]) => [column.key, `${column.key} low`, `${column.key} high`]);
  const { entries, controls } = board.rows();
  const lines = [...entries, ...controls].map(([place, standing, cells]) => {
    const entry = board.table.entries[place];
    const [tier, last, best, worst] = Array.isArray(standing) ? standing : [];
    const values = columns.flatMap(([, at]) => (Array.isArray(cells[at]) ? [0, 1, 2].map((k) => cells[at][k]) : ["", "", ""]));
    return [entry.id, entry.name, board.scope, tier, last, best, worst, entry.badge[1], ...values];
  });
  const first = ["entry", "generator", "scope", "tier_best", "tier_worst", "rank_best", "rank_worst", "verification", ...heads];
  return [first, ...lines].map((line) => line.map(quoted).join(",")).join("\r\n") + "\r\n";
};

const save_shown = (board) => {
  const link = make("a");
  link.download = `${board.table.name}-${board.scope}.csv`;
  link.href = URL.createObjectURL(new Blob([as_csv(board)], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
