// The address, what happens on a click or a key, and the beginning of it all.

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
  for (const head of one.querySelectorAll("th[data-key]")) {
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
