// The script of `kvant report`: sorting, filtering, choosing. The page stands without it.
//
// What is seen is the state below, and the state is the address: #set=0&x=ratio&y=kld&run=12&sort=kld&dir=desc&q=polar
// &show=frontier,failed&limit=0.01&theme=dark. Text only ever becomes text (textContent), never markup.
//
// The files page_*.js are one script: embed.cmake joins them, page_start.js last.
"use strict";
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
