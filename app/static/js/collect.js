// Collect your own signs: the camera takes bursts of pictures, each is stored under its sign's name.

import { $, announce, fail, isolated, locale, make, remembered, show, t } from "./page.js";
import { address, call } from "./api.js";
import { cameraControls } from "./camera.js";
import { Session } from "./session.js";

const LEAD = 3; // seconds before the first picture
const SPAN = 2000; // milliseconds from the first picture to the last
const SHOWN = 3; // pictures of a burst: its first, its last, and between
const ENOUGH = 0.7; // of a burst's pictures: where a hand is seen in fewer, something is to be changed

let camera = null;
let session = null; // tells where the hand is
let burst = null; // that is being taken: an AbortController
let stage = null; // of it: lead, shoot or store
const hands = new Map(); // of bursts taken on this page: in how many pictures a hand is seen

const count = remembered($("count"), "collect.count");
const named = () => $("sign").value.trim();

async function take() {
  if (burst) return stage === "store" ? undefined : burst.abort();
  if ($("take").disabled) return undefined;
  const sign = named();
  burst = new AbortController();
  show($("problem"), false);
  tell("");
  try {
    await countDown(burst.signal);
    const pictures = await shoot(Number(count()), burst.signal);
    at("store");
    await keep(sign, pictures);
  } catch (error) {
    if (error.name === "AbortError") tell(t("collect.cancelled"));
    else fail($("problem"), error);
  } finally {
    burst = null;
    at(null);
  }
}

// Say on the page how far a burst is.
function at(now) {
  stage = now;
  document.querySelector(".stage").classList.toggle("shooting", now === "shoot");
  show($("countdown"), now === "lead");
  const begun = now === "lead" || now === "shoot";
  $("take").querySelector("span").textContent = t(begun ? "collect.cancel" : now === "store" ? "collect.storing" : "collect.take");
  depict($("take").querySelector("svg"), begun ? "stop" : "collect");
  enable();
}

async function countDown(signal) {
  at("lead");
  for (let left = LEAD; left > 0; left -= 1) {
    $("countdown").textContent = left;
    announce(String(left));
    await pause(1000, signal);
  }
}

async function shoot(number, signal) {
  at("shoot");
  const begun = performance.now();
  const pictures = [];
  for (let taken = 0; taken < number; taken += 1) {
    await pause(begun + (SPAN * taken) / (number - 1) - performance.now(), signal);
    $("why").textContent = t("collect.taking", { number: taken + 1, count: number });
    pictures.push(camera.whole());
  }
  return Promise.all(pictures);
}

async function keep(sign, pictures) {
  const form = new FormData();
  form.append("sign", sign);
  pictures.forEach((picture, index) => form.append("pictures", picture, `${index + 1}.jpg`));
  const stored = await call("POST", "/collection/bursts", { body: form });
  hands.set(`${stored.sign}/${stored.burst}`, stored.hands);
  const share = stored.hands / stored.pictures;
  const found = share === 0 ? "collect.no_hand" : share < ENOUGH ? "collect.few_hands" : "collect.stored";
  tell(t(found, { ...stored, sign: isolated(stored.sign) }), share < ENOUGH);
  await load();
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(new DOMException("cancelled", "AbortError"));
    if (signal.aborted) return stopped();
    signal.addEventListener("abort", stopped, { once: true });
    return setTimeout(resolve, Math.max(0, milliseconds));
  });
}

function enable() {
  const lacking = !camera ? "collect.start_first" : named() ? null : "collect.name_first";
  $("take").disabled = !burst && lacking !== null;
  $("take-why").textContent = !burst && lacking ? t(lacking) : "";
}

function tell(words, wrong = false) {
  $("told").classList.toggle("wrong", wrong);
  $("told").textContent = words;
}

// What was collected

async function load() {
  try {
    const { signs } = await call("GET", "/collection");
    list(signs);
  } catch (error) {
    fail($("problem"), error);
  }
}

function list(signs) {
  show($("none"), signs.length === 0);
  $("signs").replaceChildren(...signs.map(item));
  const missing = signs.reduce((sum, sign) => sum + sign.missing, 0);
  const complete = signs.length > 1 && missing === 0;
  $("total").className = `verdict ${complete ? "good" : ""}`;
  $("total").textContent = !signs.length ? "" : complete ? t("collect.total_complete") : missing ? t("collect.total_missing", { missing }) : t("collect.total_signs");
  mark();
}

function item(sign) {
  return make(
    "li",
    {},
    make(
      "div",
      { class: "row" },
      make("button", { type: "button", class: "sign", translate: "no", dir: "auto", "data-sign": sign.name, "aria-label": t("collect.go_on", { sign: isolated(sign.name) }), text: sign.name, click: () => choose(sign.name) }),
      make("span", { class: sign.missing ? "lacks" : "good", text: sign.missing ? t("collect.missing", { missing: sign.missing }) : t("collect.complete") }),
      make("span", { class: "hint", text: t("collect.of_sign", { pictures: sign.pictures, bursts: sign.bursts.length }) }),
    ),
    make("ul", { class: "plain bursts" }, ...[...sign.bursts].reverse().map((one) => tile(sign.name, one))),
  );
}

function tile(sign, { name, pictures }) {
  const path = `/collection/signs/${encodeURIComponent(sign)}/bursts/${encodeURIComponent(name)}`;
  const last = pictures.length - 1;
  const shown = [...new Set([...Array(SHOWN).keys()].map((place) => Math.round((last * place) / (SHOWN - 1))))];
  const seen = hands.get(`${sign}/${name}`);
  const few = seen !== undefined && seen < ENOUGH * pictures.length;
  return make(
    "li",
    {},
    make(
      "span",
      { class: "strip" },
      ...shown.map((place, index) => make("img", { src: address(`${path}/${encodeURIComponent(pictures[place])}`), alt: index ? "" : t("collect.picture", { sign: isolated(sign) }), loading: "lazy", width: 96, height: 72 })),
    ),
    make(
      "span",
      { class: "about" },
      make("span", { text: taken(name) }),
      seen === undefined
        ? make("span", { class: "hint", text: t("collect.pictures", { pictures: pictures.length }) })
        : make("span", { class: few ? "wrong" : "good", text: t("collect.hands", { hands: seen, pictures: pictures.length }) }),
    ),
    make("button", { type: "button", class: "remove", "aria-label": t("collect.delete", { sign: isolated(sign), time: taken(name) }), click: () => remove(sign, name, path) }, icon("clear")),
  );
}

// The time of a burst, by its name; one that was put there by hand has a name of its own.
function taken(name) {
  const found = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(name);
  if (!found) return name;
  const [year, month, ...rest] = found.slice(1).map(Number);
  const settings = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(locale, settings).format(new Date(year, month - 1, ...rest));
}

const icon = (name) => depict($("take").querySelector("svg").cloneNode(true), name);

function depict(drawn, name) {
  const use = drawn.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
  return drawn;
}

function choose(sign) {
  $("sign").value = sign;
  mark();
  enable();
  announce(t("collect.go_on", { sign: isolated(sign) }));
  ($("take").disabled ? $("start") : $("take")).focus();
}

// The sign that is being collected is marked in the list.
function mark() {
  for (const button of $("signs").querySelectorAll(".sign")) {
    if (button.dataset.sign === named()) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

async function remove(sign, name, path) {
  show($("problem"), false);
  try {
    await call("DELETE", path);
    tell(t("collect.deleted", { sign: isolated(sign) }));
  } catch (error) {
    fail($("problem"), error);
  }
  await load();
  const left = [...$("signs").querySelectorAll(".sign")].find((button) => button.dataset.sign === sign);
  (left ?? $("signs-title")).focus();
}

const controls = cameraControls(
  async (opened) => {
    camera = opened;
    enable();
    (named() ? $("take") : $("sign")).focus(); // the space key is not to stop the camera
    session = new Session(camera, { seen: look, failed: (error) => controls.stop(error), shown: () => {} });
    await session.start();
  },
  () => {
    burst?.abort();
    session?.end();
    session = camera = null;
    enable();
  },
);

function look({ hand, why }) {
  if (stage === "shoot") return;
  const matters = ["no_hand", "dark", "blurred"].includes(why) ? why : hand ? null : "no_hand";
  $("why").textContent = matters ? t(`why.${matters}`) : t("collect.hand");
}

$("take").addEventListener("click", take);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && burst && stage !== "store") burst.abort();
  if (event.key !== " " || event.repeat || event.target.closest?.("a, button, input, summary")) return;
  event.preventDefault(); // or the page would scroll
  take();
});
$("sign").addEventListener("input", () => {
  mark();
  enable();
});
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText($(button.dataset.of).textContent);
      announce(t("live.copied"));
    } catch {
      announce(t("live.not_copied"));
    }
  });
}
enable();
load();
