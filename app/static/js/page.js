// What every page has: messages, numbers, the alphabet that is read, and the voice for screen readers.

const messages = JSON.parse(document.getElementById("messages").textContent);
export const language = document.documentElement.lang;
export const locale = `${language}-u-nu-latn`; // the same digits everywhere, also those that the server writes

export const $ = (id) => document.getElementById(id);

export function t(key, values = {}) {
  const sentence = messages[key];
  if (sentence === undefined) throw new Error(`no message ${key}`);
  return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// A name within a sentence, which may run the other way.
export const isolated = (name) => `\u2068${name}\u2069`;

// Nothing is ever certain: what rounds to all of it is shown as a little less.
export const percent = (share) =>
  new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: share > 0.99 && share < 1 ? 1 : 0 }).format(share < 1 ? Math.min(share, 0.999) : 1);

export const decimal = (value, digits = 1) => new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);

// Minutes and seconds, with as many decimals as asked for.
export function clock(seconds, digits = 0) {
  const unit = 10 ** digits;
  const whole = Math.floor(Math.max(0, seconds) * unit + 1e-6) / unit;
  const rest = (whole % 60).toFixed(digits);
  return `${Math.floor(whole / 60)}:${rest.padStart(digits ? digits + 3 : 2, "0")}`;
}

// Make an element; `attributes` as they stand in HTML, except `text` and functions, which listen.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") element.textContent = value;
    else if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

// Say something to those who listen. The same words twice in a row are said twice.
let said = "";
export function announce(words) {
  said = words === said ? `${words}\u00a0` : words;
  $("announce").textContent = said;
}

export function show(element, visible = true) {
  element.hidden = !visible;
}

export function fail(element, error) {
  element.textContent = error.message;
  show(element);
}

// A store in this browser that does without where the browser forbids one.
export const store = {
  get(key, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // Progress is then forgotten with the page, and nothing else is lost.
    }
  },
};

// Radio buttons that remember what was chosen.
export function remembered(fieldset, key, changed) {
  const radios = [...fieldset.querySelectorAll("input")];
  const kept = store.get(key, null);
  for (const radio of radios) {
    if (kept !== null) radio.checked = radio.value === kept;
    radio.addEventListener("change", () => {
      store.set(key, radio.value);
      changed?.(radio.value);
    });
  }
  if (!radios.some((radio) => radio.checked)) radios[0].checked = true;
  return () => radios.find((radio) => radio.checked).value;
}

const listeners = [];
const radios = [...$("alphabet").querySelectorAll("input")];
const asked = new URLSearchParams(location.search).get("alphabet");
if (radios.some((radio) => radio.value === asked)) store.set("alphabet", asked);
export const alphabet = remembered($("alphabet"), "alphabet", (value) => listeners.forEach((listen) => listen(value)));
export const onAlphabet = (listen) => listeners.push(listen);

// How text of the alphabet that is read runs, its language, empty where nobody knows it, and whether words of it are known.
export const script = () => radios.find((radio) => radio.checked).dataset;

// Mark an element as such text.
export function spelt(element) {
  element.dir = script().direction;
  element.lang = script().language;
  return element;
}

// The letter for people: the signs that are commands are named in the visitor's language.
export function letterName(label, letter) {
  return ["space", "del", "nothing"].includes(label) ? t(`sign.${label}`) : letter ?? label;
}
export const isWord = (text) => [...text].length > 2;

// Say while a film is drawn, which takes a while, and what to do when it cannot be; those that nobody sees say nothing.
export function drawn(film, failed) {
  film.addEventListener("loadstart", () => show($("drawing"), film.hasAttribute("src")));
  for (const name of ["loadeddata", "emptied", "error"]) film.addEventListener(name, () => show($("drawing"), false));
  film.addEventListener("error", () => film.hasAttribute("src") && failed(new Error(t("read.no_film"))));
}

// The menu of small screens closes with Escape, as menus do.
const menu = document.querySelector(".menu");
menu.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && menu.open) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
