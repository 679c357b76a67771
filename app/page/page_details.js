// One run in full.

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
  if (failed) notes.push(make("p", { className: "note bad", textContent: `Failed: ${s.reason[i]}${s.phase[i] && !s.reason[i].includes(s.phase[i]) ? ` (${s.phase[i]})` : ""}` }));
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
