// The table of runs, and the filter over it.

// ---- the filter: words of the config, verdict or class; column < number ----

const COMPARE = {
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b, "=": (a, b) => a === b,
};
const COLUMNS = ["id", "ratio", "bits", "ratio_ctx", "ratio_128k", "kld", "kld_median", "kld_p99", "kld_p999", "kld_max", "ppl",
  "dppl", "top1", "rms_dp", "encode", "decode", "ms", "wall"];

const parseFilter = (text) => {
  const tests = [];
  let wrong = "";
  for (const word of text.toLowerCase().replace(/\s*(<=|>=|<|>)\s*/g, "$1").split(/\s+/).filter(Boolean)) {
    const parts = /^([a-z_0-9]+)(<=|>=|<|>)(.*)$/.exec(word);
    if (!parts) {
      tests.push((set, i) => `${set.config[i]} ${set.verdict[i]} ${data.families[set.family[i]]} ${set.reason[i]}`.toLowerCase().includes(word));
      continue;
    }
    const [, name, operator, number] = parts;
    const column = name === "bits_per_value" ? "bits" : name;
    const bound = Number(number);
    if (!COLUMNS.includes(column)) wrong = `there is no number "${name}"; there are ${COLUMNS.join(", ")}`;
    else if (number === "" || Number.isNaN(bound)) wrong = `"${number}" is no number`;
    else tests.push((set, i) => set[column][i] !== null && COMPARE[operator](set[column][i], bound));
  }
  return { wrong, passes: (set, i) => tests.every((test) => test(set, i)), any: tests.length > 0 };
};

// ---- the table ----

const SORTS = ["id", "config", "ratio", "bits", "kld", "dppl", "top1", "verdict", "class"];
const DOWN_FIRST = new Set(["id", "ratio", "top1"]); // more is better, or newer first
const VERDICTS = ["ACCEPT*", "ACCEPT*?", "ACCEPT", "ACCEPT?", "MARGINAL", "MARGINAL?", "REJECT", "NONE"];
const ORDER = ["frontier", "dominated", "unmeasured", "failed", "older"];
let rows = []; // runs that are shown, in order
let made = 0; // how many of them have a row

const keyOf = (s, name) => {
  if (name === "class") return (i) => ORDER.indexOf(classOf(i));
  if (name === "verdict") return (i) => { const at = VERDICTS.indexOf(s.verdict[i]); return at < 0 ? VERDICTS.length : at; };
  return (i) => s[name][i];
};

const sortRows = (s, list) => {
  if (!state.sort) return list;
  const key = keyOf(s, state.sort), keys = new Array(s.n);
  for (const i of list) keys[i] = key(i);
  const compare = state.sort === "config" ? (a, b) => (a < b ? -1 : a > b ? 1 : 0) : (a, b) => a - b;
  return list.sort((i, j) => {
    const a = keys[i], b = keys[j];
    if (a === null || b === null) return (a === null) - (b === null) || i - j; // what was not measured comes last
    return state.dir * compare(a, b) || i - j;
  });
};

const estimateCell = (s, name, i) => {
  const [value, ends] = estimate(s, name, i);
  return make("td", { className: "n" }, value, ends ? " " : null, ends ? make("small", { textContent: ends }) : null);
};

const keyMark = (family, filled) => {
  const mark = section().querySelector(`.legend .key.f${family % 8}`);
  const copy = mark.cloneNode(true);
  copy.firstChild.setAttribute("class", filled ? "mark" : "dominated");
  return copy;
};

const makeRow = (s, i) => {
  const where = classOf(i);
  const row = make("tr", { className: where },
    make("td", { className: "n", textContent: s.id[i] }),
    make("td", { className: "config" }, keyMark(s.family[i], where === "frontier"), make("code", { textContent: s.config[i] })),
    make("td", { className: "n", textContent: fixed(s.ratio[i], 3) }),
    make("td", { className: "n", textContent: fixed(s.bits[i], 3) }),
    estimateCell(s, "kld", i), estimateCell(s, "dppl", i), estimateCell(s, "top1", i),
    make("td", { className: `verdict ${verdictClass(s.verdict[i])}`, textContent: stars(s.verdict[i]) }),
    make("td", { className: "class", textContent: where }));
  row.dataset.i = i;
  return row;
};

const markRow = (row) => {
  const chosen = Number(row.dataset.i) === state.run;
  row.tabIndex = chosen || Number(row.dataset.i) === rows[0] ? 0 : -1; // a way in, wherever the chosen one is
  row.setAttribute("aria-selected", chosen);
};

const rowOf = (i) => find(`tbody tr[data-i="${i}"]`);

const growTable = (to) => {
  const body = find("tbody"), more = find(".more");
  const part = document.createDocumentFragment();
  for (; made < Math.min(to, rows.length); made++) part.append(makeRow(set(), rows[made]));
  for (const row of part.children) markRow(row);
  body.append(part);
  more.hidden = made >= rows.length;
  more.textContent = `Show the other ${whole(rows.length - made)}`;
};

const fillTable = () => {
  const s = set(), filter = parseFilter(state.q), input = find(".bar input[type=search]"), count = find(".count");
  input.setAttribute("aria-invalid", filter.wrong !== "");
  input.title = filter.wrong;
  const all = Array.from({ length: s.n }, (_, i) => i);
  rows = sortRows(s, all.filter((i) => filter.passes(s, i) && (!state.show || state.show.includes(classOf(i)))));
  // The rows that came with the page are those of the first axes, in the page's order.
  const plain = rows.length === s.n && !state.sort && state.x === 0 && state.y === 0;
  const body = find("tbody");
  if (!plain || body.dataset.plain !== "true") body.replaceChildren();
  for (const row of body.rows) markRow(row);
  body.dataset.plain = plain;
  made = body.rows.length;
  growTable(PAGE);
  count.textContent = filter.wrong || (rows.length === s.n ? `${whole(s.n)} runs` : `${whole(rows.length)} of ${whole(s.n)} runs`);
  for (const head of section().querySelectorAll("th[data-key]")) {
    if (head.dataset.key === state.sort) head.setAttribute("aria-sort", state.dir > 0 ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  }
  drawMatches(filter);
};
