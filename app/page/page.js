// The script of `kvant report`: sorting, filtering, choosing. The page stands without it.
//
// What is seen is the state below, and the state is the address: #set=0&x=ratio&y=kld&run=12&sort=kld&dir=desc&q=polar
// &show=frontier,failed&limit=0.01&theme=dark. Text only ever becomes text (textContent), never markup.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = document.querySelector("svg").namespaceURI;
  const CLASSES = { f: "frontier", d: "dominated", u: "unmeasured", x: "failed", "-": "older" };
  const PAGE = 300; // rows made at a time
  const sections = [...document.querySelectorAll("section.set")];
  const state = { set: 0, x: 0, y: 0, run: -1, sort: "", dir: 1, q: "", show: null, limit: NaN, theme: "" };

  // ---- making elements ----

  const make = (name, properties, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  const draw = (name, attributes, ...children) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };

  // ---- numbers as the page's own rows show them ----

  const precise = (value, digits) => {
    if (value === null) return "";
    if (value === 0) return "0";
    const power = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
    if (power >= -4 && power < digits) return String(Number(value.toPrecision(digits)));
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const sign = exponent[0] === "-" ? "-" : "+";
    return `${String(Number(mantissa))}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
  };
  const fixed = (value, digits) => (value === null ? "" : value.toFixed(digits));
  const signed = (value, digits) => (value === null ? "" : (value < 0 ? "" : "+") + value.toFixed(digits));
  const whole = (value) => value.toLocaleString("en-US");
  const STYLES = {
    kld: [(v) => precise(v, 4), (v) => precise(v, 3)],
    dppl: [(v) => signed(v, 2), (v) => signed(v, 2)],
    top1: [(v) => fixed(v, 2), (v) => fixed(v, 2)],
    rms_dp: [(v) => fixed(v, 3), (v) => fixed(v, 3)],
  };
  const estimate = (set, name, i) => {
    const [value, end] = STYLES[name];
    if (set[name][i] === null) return ["", ""];
    const lo = set[name + "_lo"][i], hi = set[name + "_hi"][i];
    return [value(set[name][i]), lo === null || hi === null ? "" : `[${end(lo)}, ${end(hi)}]`];
  };
  const verdictClass = (verdict) =>
    verdict.startsWith("ACCEPT") ? "good" : verdict.startsWith("MARGINAL") ? "warn" : verdict.startsWith("REJECT") ? "bad" : "";
  const stars = (verdict) => verdict.replaceAll("*", "★");

  // ---- what the state selects ----

  const set = () => data.sets[state.set];
  const section = () => sections[state.set];
  const classOf = (i) => CLASSES[set().classes[state.x][state.y][i]];
  const find = (selector) => section().querySelector(selector);
  const plot = () => find(`.plot.x${state.x}.y${state.y}`);

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
    for (const head of section().querySelectorAll("th")) {
      if (head.dataset.key === state.sort) head.setAttribute("aria-sort", state.dir > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    drawMatches(filter);
  };

  // ---- the plot ----

  const mapOf = (svg) => {
    const [left, width, xLog, xLo, xHi, top, bottom, yLog, yLo, yHi, zero] = JSON.parse(svg.dataset.map);
    const part = (value, log, lo, hi) => (log ? Math.log(value / lo) / Math.log(hi / lo) : (value - lo) / (hi - lo));
    return {
      left, width, top, bottom,
      x: (value) => left + width * part(value, xLog, xLo, xHi),
      y: (value) => {
        if (yLog && value < yLo) return zero === null ? bottom : zero;
        return bottom - (bottom - top) * Math.min(Math.max(part(value, yLog, yLo, yHi), 0), 1);
      },
    };
  };

  const placeOf = (i) => {
    const s = set(), x = s.xs[state.x][i], y = s.ys[state.y][i], where = classOf(i);
    if (x === null || y === null || (where !== "frontier" && where !== "dominated")) return null;
    const map = mapOf(plot());
    return { x: map.x(x), y: map.y(y) };
  };

  const overlay = (name) => {
    const svg = plot();
    let layer = svg.querySelector(`g.${name}`);
    if (!layer) {
      layer = draw("g", { class: name });
      svg.append(layer);
    }
    layer.replaceChildren();
    return layer;
  };

  const ring = (layer, i, kind) => {
    const at = i >= 0 ? placeOf(i) : null;
    if (at) layer.append(draw("circle", { class: `ring ${kind}`, cx: at.x, cy: at.y, r: 9.5 }));
  };

  const drawChosen = () => ring(overlay("chosen-layer"), state.run, "chosen");

  const drawMatches = (filter) => {
    const svg = plot(), layer = overlay("match-layer");
    const partial = filter.any || state.show;
    svg.classList.toggle("filtered", Boolean(partial));
    if (!partial) return;
    const map = mapOf(svg), s = set(), paths = new Map();
    for (const i of rows) {
      const where = classOf(i), x = s.xs[state.x][i], y = s.ys[state.y][i];
      if (x === null || y === null || (where !== "frontier" && where !== "dominated")) continue;
      const family = s.family[i] % 8, mark = `M${map.x(x).toFixed(1)} ${map.y(y).toFixed(1)}m-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0z`;
      paths.set(family, (paths.get(family) || "") + mark);
    }
    for (const [family, d] of paths) layer.append(draw("path", { class: `matches f${family}`, d }));
  };

  const nearest = (x, y, within) => {
    const s = set(), map = mapOf(plot()), classes = s.classes[state.x][state.y];
    let best = -1, least = within * within;
    for (let i = 0; i < s.n; i++) {
      if (classes[i] !== "f" && classes[i] !== "d") continue;
      const dx = map.x(s.xs[state.x][i]) - x, dy = map.y(s.ys[state.y][i]) - y;
      const distance = dx * dx + dy * dy - (classes[i] === "f" ? 30 : 0);
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  };

  const fromPointer = (event) => {
    const svg = plot(), box = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
    const scale = view.width / box.width;
    return nearest((event.clientX - box.left) * scale, (event.clientY - box.top) * scale, Math.max(16, 18 * scale));
  };

  const showTip = (i) => {
    const tip = find(".tip"), at = i >= 0 ? placeOf(i) : null;
    ring(overlay("hover-layer"), i, "");
    tip.hidden = !at;
    if (!at) return;
    const s = set(), parts = [["KLD", "kld", " nats"], ["Δppl", "dppl", " %"], ["top-1", "top1", " %"]];
    tip.replaceChildren(make("code", { textContent: s.config[i] }),
      make("div", { textContent: `${fixed(s.ratio[i], 3)}× · ${fixed(s.bits[i], 3)} bits · ${classOf(i)}` }),
      ...parts.map(([label, name, unit]) => {
        const [value, ends] = estimate(s, name, i);
        return make("div", { textContent: `${label} ${value}${unit} ${ends}` });
      }));
    const svg = plot().getBoundingClientRect(), chart = find(".chart").getBoundingClientRect();
    const scale = svg.width / plot().viewBox.baseVal.width;
    const x = svg.left - chart.left + at.x * scale, y = svg.top - chart.top + at.y * scale;
    const left = x + 16 + tip.offsetWidth > chart.width ? x - 16 - tip.offsetWidth : x + 16;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, y - tip.offsetHeight - 10)}px`;
  };

  // The points of the frontier are one stop of the Tab key; arrows go along them.
  const frontOf = (svg) => [...svg.querySelectorAll(".pt")];
  const preparePoints = (svg) => {
    frontOf(svg).forEach((point, k) => {
      const title = point.querySelector("title");
      point.setAttribute("role", "button");
      point.setAttribute("aria-label", title.textContent);
      point.setAttribute("tabindex", k === 0 ? 0 : -1);
      title.remove();
    });
  };
  const stepPoint = (point, by) => {
    const all = frontOf(plot()), next = all[all.indexOf(point) + by];
    if (!next) return;
    point.setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  };

  // ---- the cheapest run within a limit ----

  const drawLimit = () => {
    const s = set(), m = data.y[state.y], layer = overlay("limit-line"), answer = find(".limit output");
    find(".limit .sense").textContent = `the most compression with ${m.label} ${m.direction > 0 ? "≥" : "≤"}`;
    answer.replaceChildren();
    if (Number.isNaN(state.limit)) return;
    const map = mapOf(plot()), y = map.y(state.limit);
    layer.append(draw("path", { d: `M${map.left} ${y}h${map.width}` }));
    const classes = s.classes[state.x][state.y], more = data.x[state.x].direction;
    let best = -1;
    for (let i = 0; i < s.n; i++) {
      if (classes[i] !== "f" || (state.limit - s.ys[state.y][i]) * m.direction > 0) continue;
      if (best < 0 || (s.xs[state.x][i] - s.xs[state.x][best]) * more > 0) best = i;
    }
    if (best < 0) {
      answer.textContent = "no run";
      return;
    }
    const button = make("button", { type: "button", className: "button", textContent: `${s.config[best]}, ${fixed(s.ratio[best], 2)}×` });
    button.onclick = () => choose(best);
    answer.append(button);
  };

  // ---- one run in full ----

  const fact = (list, name, value) => {
    if (value !== "" && value !== null) list.append(make("dt", { textContent: name }), make("dd", { textContent: value }));
  };

  const copyButton = (text) => {
    const button = make("button", { type: "button", className: "button", textContent: "Copy" });
    button.onclick = async () => {
      let copied = true;
      try {
        await navigator.clipboard.writeText(text());
      } catch {
        copied = false; // a page from a file may not: the text is selected instead
        const range = document.createRange();
        range.selectNodeContents(button.parentNode.querySelector("pre"));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
      }
      button.textContent = copied ? "Copied" : "Selected";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    };
    return button;
  };

  // Bars of one side's layers; marks: the query-weighted error beside each bar, or an empty list.
  const layerChart = (values, marks, bits, side) => {
    const width = 340, height = 92, floor = 74, left = 52, top = 8;
    const numbers = values.map((v) => (v === null ? 0 : v)), queries = marks.map((v) => (v === null ? 0 : v));
    const most = Math.max(...numbers, ...queries) || 1, worst = numbers.indexOf(Math.max(...numbers));
    const step = (width - left) / values.length, wide = Math.max(1, Math.min(step - 2, 26));
    const tall = (v) => ((floor - top) * v) / most;
    const svg = draw("svg", { class: "layers", viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `${side} error by layer; the worst is layer ${worst}: ${precise(numbers[worst], 3)}` });
    svg.append(draw("path", { class: "base", d: `M${left} ${floor + 0.5}H${width}` }),
      draw("text", { x: left - 6, y: top + 8, "text-anchor": "end" }, precise(most, 2)),
      draw("text", { x: left - 6, y: floor, "text-anchor": "end" }, "0"));
    numbers.forEach((v, layer) => {
      const x = left + step * layer + (step - wide) / 2;
      const words = `layer ${layer}: error ${precise(v, 3)}` + (marks.length ? `, query error ${precise(queries[layer], 3)}` : "") +
        (bits[layer] !== null && bits[layer] !== undefined ? `, ${precise(bits[layer], 3)} bits/value` : "");
      svg.append(draw("rect", { class: layer === worst && v > 0 ? "worst" : "bar", x, y: floor - tall(v), width: wide, height: Math.max(tall(v), v > 0 ? 1 : 0) },
        draw("title", {}, words)));
      if (marks.length && marks[layer] !== null)
        svg.append(draw("path", { class: "query", d: `M${x} ${floor - tall(queries[layer])}h${wide}` }));
      const every = Math.ceil(values.length / 12);
      if (layer % every === 0) svg.append(draw("text", { x: x + wide / 2, y: height - 5, "text-anchor": "middle" }, String(layer)));
    });
    return svg;
  };

  const byteSplit = (s, i) => {
    const values = s.values[i], parts = [["payload", s.payload[i]], ["metadata", s.metadata[i]], ["exact", s.exact[i]]];
    const total = parts.reduce((sum, [, bytes]) => sum + (bytes || 0), 0);
    if (!values || !total) return [];
    let x = 0;
    const svg = draw("svg", { viewBox: "0 0 100 9", preserveAspectRatio: "none", "aria-hidden": "true" });
    parts.forEach(([, bytes], k) => {
      svg.append(draw("rect", { class: `part${k}`, x, y: 0, width: (100 * bytes) / total, height: 9 }));
      x += (100 * bytes) / total;
    });
    return [make("h4", { textContent: "bits per value, by what they hold" }), make("div", { className: "split" }, svg),
      make("div", { className: "parts" }, ...parts.map(([name, bytes], k) =>
        make("span", { className: `part${k}` }, make("b", { textContent: `${name} ${fixed((8 * bytes) / values, 3)}` }))))];
  };

  const layerParts = (s, i) => {
    const [k, v, query, kBits, vBits] = s.layers[i];
    const seen = query.some((value) => value !== null) ? query : [];
    const parts = [];
    if (k.length) parts.push(make("h4", { textContent: `K error by layer, squared, relative${seen.length ? "; line: query-weighted" : ""}` }), layerChart(k, seen, kBits, "K"));
    if (v.length) parts.push(make("h4", { textContent: "V error by layer, squared, relative" }), layerChart(v, [], vBits, "V"));
    return parts;
  };

  const fillDetails = () => {
    const box = find(".details"), s = set(), i = state.run;
    if (i < 0) {
      find(".again").hidden = true;
      box.replaceChildren(make("p", { className: "empty", textContent: "Choose a run, in the plot or the table, to see all of it here: intervals, tails, error by layer, and the command that makes it again." }));
      return;
    }
    const where = classOf(i), list = make("dl", {}), failed = s.reason[i] !== "";
    const badges = make("div", { className: "badges" }, make("span", { className: `badge ${where === "frontier" ? "good" : failed ? "bad" : ""}`, textContent: where }),
      s.verdict[i] ? make("span", { className: `badge ${verdictClass(s.verdict[i])}`, textContent: stars(s.verdict[i]) }) : null,
      make("span", { className: "badge", textContent: data.families[s.family[i]] }));
    fact(list, "run", String(s.id[i]));
    if (!failed) {
      fact(list, "ratio", `${fixed(s.ratio[i], 3)}×, ${fixed(s.bits[i], 4)} bits/value`);
      if (s.side[i]) fact(list, "with side data", `${whole(s.side[i])} bytes: ${fixed(s.ratio_ctx[i], 3)}× at ctx, ${fixed(s.ratio_128k[i], 3)}× at 128K`);
      fact(list, "KLD", estimate(s, "kld", i).join(" ") + " nats");
      fact(list, "its tail", `median ${precise(s.kld_median[i], 3)}, p99 ${precise(s.kld_p99[i], 3)}, p99.9 ${precise(s.kld_p999[i], 3)}, max ${precise(s.kld_max[i], 3)}`);
      fact(list, "Δppl", estimate(s, "dppl", i).join(" ") + " %");
      if (s.ppl[i] !== null) fact(list, "perplexity", `${fixed(s.ppl_ref[i], 4)} → ${fixed(s.ppl[i], 4)}`);
      fact(list, "top-1", estimate(s, "top1", i).join(" ") + " %");
      fact(list, "RMS Δp", estimate(s, "rms_dp", i).join(" ") + " %");
      if (s.encode[i]) fact(list, "codec speed", `encodes ${fixed(s.encode[i], 2)}, decodes ${fixed(s.decode[i], 2)} GB/s`);
      if (s.wall[i] !== null) fact(list, "took", `${fixed(s.wall[i], 2)} s on ${s.threads[i]} threads`);
    }
    if (s.calibration[i]) fact(list, "calibrated on", s.calibration[i]);
    fact(list, "started, UTC", new Date(1000 * s.started[i]).toISOString().slice(0, 16).replace("T", " "));
    const notes = [];
    if (failed) notes.push(make("p", { className: "note bad", textContent: `Failed: ${s.reason[i]}${s.phase[i] ? ` (${s.phase[i]})` : ""}` }));
    if (s.note[i]) notes.push(make("p", { className: "note", textContent: s.note[i] }));
    if (s.alike[state.x][state.y].includes(i)) notes.push(make("p", { className: "note", textContent: "Cannot be told apart from the run before it on the frontier." }));
    box.replaceChildren(make("h3", { textContent: s.config[i] }), badges, list, ...notes, ...(failed ? [] : byteSplit(s, i)), ...layerParts(s, i));
    const again = find(".again");
    again.hidden = false;
    again.replaceChildren(make("h4", { textContent: `the command that makes run ${s.id[i]} again` }),
      make("div", { className: "command" }, make("pre", { textContent: s.command[i] }), copyButton(() => s.command[i])));
  };

  const choose = (i) => {
    const before = state.run;
    state.run = i;
    for (const one of [before, i]) {
      const row = rowOf(one);
      if (row) markRow(row);
    }
    drawChosen();
    fillDetails();
    keep();
  };

  const reveal = (i) => {
    const at = rows.indexOf(i);
    if (at >= made) growTable(at + 1);
    const row = rowOf(i), box = find(".scroll");
    if (!row) return;
    const head = find("thead").offsetHeight, top = row.offsetTop - head, end = row.offsetTop + row.offsetHeight;
    if (top < box.scrollTop) box.scrollTop = top; // the page itself stays where it is
    else if (end > box.scrollTop + box.clientHeight) box.scrollTop = end - box.clientHeight;
  };

  // The run that is seen when none was chosen: the highest ratio with the best verdict.
  const best = () => {
    const tile = section().querySelector(".best [data-i]");
    return tile ? Number(tile.dataset.i) : -1;
  };

  // ---- the address ----

  const keep = () => {
    const s = set(), words = new URLSearchParams();
    if (state.set) words.set("set", state.set);
    if (state.x) words.set("x", data.x[state.x].name);
    if (state.y) words.set("y", data.y[state.y].name);
    if (state.run >= 0 && state.run !== best()) words.set("run", s.id[state.run]);
    if (state.sort) words.set("sort", state.sort), words.set("dir", state.dir > 0 ? "asc" : "desc");
    if (state.q) words.set("q", state.q);
    if (state.show) words.set("show", state.show.join(","));
    if (!Number.isNaN(state.limit)) words.set("limit", state.limit);
    if (state.theme) words.set("theme", state.theme);
    const text = words.toString();
    if (location.hash.slice(1) !== text) history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  };

  const read = () => {
    const words = new URLSearchParams(location.hash.slice(1));
    const index = (list, name) => Math.max(0, list.findIndex((m) => m.name === name));
    const number = Number(words.get("set"));
    state.set = Number.isInteger(number) && number >= 0 && number < data.sets.length ? number : 0;
    state.x = index(data.x, words.get("x"));
    state.y = index(data.y, words.get("y"));
    state.run = words.has("run") ? set().id.indexOf(Number(words.get("run"))) : best();
    state.sort = SORTS.includes(words.get("sort")) ? words.get("sort") : "";
    state.dir = words.get("dir") === "desc" ? -1 : 1;
    state.q = words.get("q") || "";
    state.show = words.has("show") ? words.get("show").split(",").filter((name) => ORDER.includes(name)) : null;
    state.limit = words.get("limit") ? Number(words.get("limit")) : NaN;
    state.theme = ["light", "dark"].includes(words.get("theme")) ? words.get("theme") : "";
  };

  // ---- all of it ----

  const themeButton = document.getElementById("theme");
  const isDark = () => (state.theme ? state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const showTheme = () => {
    if (state.theme) document.documentElement.dataset.theme = state.theme;
    else delete document.documentElement.dataset.theme;
    themeButton.textContent = isDark() ? "Light" : "Dark";
    themeButton.setAttribute("aria-label", `switch to ${isDark() ? "light" : "dark"} colours`);
  };

  const showPlot = () => {
    for (const [axis, chosen] of [["x", state.x], ["y", state.y]])
      for (const input of section().querySelectorAll(`input[data-${axis}]`)) input.checked = Number(input.dataset[axis]) === chosen;
    showTip(-1);
    drawChosen();
    drawLimit();
  };

  const showAll = () => {
    showTheme();
    sections.forEach((one, k) => { one.hidden = k !== state.set; });
    document.querySelectorAll(".sets button").forEach((button, k) => button.setAttribute("aria-pressed", k === state.set));
    find(".bar input[type=search]").value = state.q;
    find(".limit input").value = Number.isNaN(state.limit) ? "" : state.limit;
    for (const box of section().querySelectorAll(".bar input[type=checkbox]")) box.checked = !state.show || state.show.includes(box.value);
    showPlot();
    fillTable();
    fillDetails();
    if (state.run >= 0 && state.run !== best()) reveal(state.run);
  };

  const prepareTable = (one) => {
    const s = data.sets[Number(one.dataset.set)], bar = one.querySelector(".bar"), body = one.querySelector("tbody");
    body.dataset.plain = true;
    for (const head of one.querySelectorAll("th")) {
      const key = head.dataset.key, button = make("button", { type: "button", textContent: head.textContent || "class" });
      button.onclick = () => {
        const first = DOWN_FIRST.has(key) ? -1 : 1;
        if (state.sort !== key) [state.sort, state.dir] = [key, first];
        else if (state.dir === first) state.dir = -first;
        else [state.sort, state.dir] = ["", 1];
        fillTable();
        keep();
      };
      head.replaceChildren(button);
    }
    const present = ORDER.filter((name) => s.classes.some((row) => row.some((letters) => [...letters].some((c) => CLASSES[c] === name))));
    for (const name of present.length > 1 ? present : []) {
      const box = make("input", { type: "checkbox", value: name, checked: true });
      box.onchange = () => {
        const chosen = [...bar.querySelectorAll("input[type=checkbox]")].filter((b) => b.checked).map((b) => b.value);
        state.show = chosen.length === present.length ? null : chosen;
        fillTable();
        keep();
      };
      bar.append(make("label", {}, box, name));
    }
    const search = make("input", { type: "search", placeholder: "filter: polar kld<0.01 ratio>3", ariaLabel: "Filter runs" });
    search.oninput = () => {
      state.q = search.value;
      fillTable();
      keep();
    };
    const more = make("button", { type: "button", className: "button more", hidden: true });
    more.onclick = () => growTable(rows.length);
    const scroll = one.querySelector(".scroll");
    scroll.addEventListener("scroll", () => {
      if (made < rows.length && scroll.scrollTop + scroll.clientHeight > scroll.scrollHeight - 600) growTable(made + PAGE);
    }, { passive: true });
    bar.append(search, make("span", { className: "count" }));
    one.querySelector(".runs").append(more);
    body.onclick = (event) => {
      const row = event.target.closest("tr");
      if (row && !getSelection().toString()) choose(Number(row.dataset.i));
    };
    body.onkeydown = (event) => {
      const row = event.target.closest("tr"), by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (row && (event.key === "Enter" || event.key === " ")) choose(Number(row.dataset.i));
      else if (row && by) {
        if (by > 0 && !row.nextElementSibling) growTable(made + PAGE);
        const next = by > 0 ? row.nextElementSibling : row.previousElementSibling;
        if (!next) return;
        choose(Number(next.dataset.i));
        next.focus();
      } else return;
      event.preventDefault();
    };
  };

  const prepareChart = (one) => {
    const chart = one.querySelector(".chart"), limit = one.querySelector(".limit");
    for (const input of chart.querySelectorAll(".switch input"))
      input.onchange = () => {
        if (input.dataset.x !== undefined) state.x = Number(input.dataset.x);
        else [state.y, state.limit] = [Number(input.dataset.y), NaN];
        one.querySelector(".limit input").value = Number.isNaN(state.limit) ? "" : state.limit;
        showPlot();
        fillTable();
        fillDetails();
        keep();
      };
    const field = make("input", { type: "number", step: "any", ariaLabel: "limit" });
    field.oninput = () => {
      state.limit = field.value === "" ? NaN : Number(field.value);
      drawLimit();
      keep();
    };
    limit.append(make("span", { className: "sense" }), field, make("output", {}));
    limit.hidden = false;
    for (const svg of chart.querySelectorAll(".plot")) {
      preparePoints(svg);
      svg.onpointermove = (event) => showTip(fromPointer(event));
      svg.onpointerleave = () => showTip(-1);
      svg.onclick = (event) => {
        const i = fromPointer(event);
        if (i < 0) return;
        choose(i);
        reveal(i);
      };
      svg.addEventListener("focusin", (event) => {
        const point = event.target.closest(".pt");
        if (point) showTip(Number(point.dataset.i));
      });
      svg.addEventListener("focusout", () => showTip(-1));
      svg.onkeydown = (event) => {
        const point = event.target.closest(".pt"), by = { ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, ArrowUp: 1 }[event.key];
        if (!point) return;
        if (by) stepPoint(point, by);
        else if (event.key === "Enter" || event.key === " ") {
          choose(Number(point.dataset.i));
          reveal(Number(point.dataset.i));
        } else return;
        event.preventDefault();
      };
    }
    for (const tile of one.querySelectorAll(".best [data-i]")) {
      const button = make("button", { type: "button", className: "pick", textContent: tile.querySelector("code").textContent });
      button.onclick = () => choose(Number(tile.dataset.i));
      tile.querySelector("code").replaceChildren(button);
    }
    one.querySelector(".details").hidden = false;
  };

  const prepare = () => {
    document.documentElement.classList.add("scripted");
    for (const one of sections) {
      prepareTable(one);
      prepareChart(one);
      const commands = one.querySelector("pre.commands");
      if (commands) commands.parentNode.insertBefore(copyButton(() => commands.textContent), commands);
    }
    const nav = document.querySelector(".sets");
    sections.forEach((one, k) => {
      const button = make("button", { type: "button", className: "button", textContent: one.dataset.name });
      button.onclick = () => {
        Object.assign(state, { set: k, q: "", show: null, limit: NaN });
        state.run = best();
        showAll();
        keep();
      };
      nav.append(button);
    });
    nav.hidden = sections.length < 2;
    themeButton.hidden = false;
    themeButton.onclick = () => {
      state.theme = isDark() ? "light" : "dark";
      showTheme();
      keep();
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
    addEventListener("hashchange", () => {
      read();
      showAll();
    });
    read();
    showAll();
  };

  prepare();
})();
