// The pictures: what lies on them, where the pointer is, and the line of a limit.

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
