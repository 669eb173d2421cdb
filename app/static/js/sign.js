// Practise signing: the drawn hand shows a sign, the camera watches yours, and says what to change.

import { $, alphabet, announce, decimal, drawn, isWord, letterName, make, onAlphabet, remembered, show, spelt, store, t } from "./page.js";
import { address, call } from "./api.js";
import { cameraControls } from "./camera.js";
import { Session } from "./session.js";
import { spelling } from "./spelling.js";

const LENGTHS = { easy: [3, 4], long: [6, 7, 8] };
const SPEED = 1; // letters a second of the hand that shows a word
const HELD = 1200; // milliseconds that a success stays to be seen

let signs = [];
let session = null;
let goal = { signs: [], at: 0, word: null }; // what is to be signed, and how far it is
let since = 0;
let pausing = false; // between a success and what comes next
let recent = [];

const key = () => `practice.sign.${alphabet()}`;
const progress = () => store.get(key(), {});
const level = remembered($("level"), "practice.level", () => begin());
const hand = remembered($("hand"), "practice.hand", () => demonstrate());

const practised = () => signs.filter((sign) => sign.label !== "nothing");

async function load() {
  try {
    const answer = await call("GET", "/alphabets");
    signs = (answer.alphabets ?? answer).find((one) => one.name === alphabet()).signs;
  } catch (error) {
    return trouble(error);
  }
  const choice = make("option", { value: "", text: t("sign.any") });
  $("letter").replaceChildren(choice, ...practised().map((sign) => make("option", { value: sign.label, text: letterName(sign.label, sign.letter) })));
  tiles();
  return begin();
}

// Choose what to sign next: letters that were tried least, or a word.
async function begin() {
  show($("one"), level() === "letters");
  pausing = false;
  if (level() === "letters") {
    const chosen = practised().find((sign) => sign.label === $("letter").value);
    goal = { signs: [chosen ?? weakest()], at: 0, word: null };
  } else {
    const word = await someWord();
    if (!word) return;
    goal = { ...word, at: 0 };
  }
  recent = [...recent.slice(-5), goal.signs[0].label];
  aim();
  demonstrate();
}

function weakest() {
  const known = progress();
  const weight = (sign) => (known[sign.label]?.tries ?? 0) + 3 * (known[sign.label]?.done ?? 0) + (recent.includes(sign.label) ? 1000 : 0) + 4 * Math.random();
  return practised().map((sign) => [weight(sign), sign]).sort((one, other) => one[0] - other[0])[0][1];
}

async function someWord() {
  const lengths = LENGTHS[level()];
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const length = lengths[Math.floor(Math.random() * lengths.length)];
      const { text } = await call("GET", "/practice/word", { query: { alphabet: alphabet(), length, exclude: goal.word ?? "" } });
      const found = spelling(text, signs);
      if (found) return { word: text, signs: found };
    }
    throw new Error(t("sign.no_word"));
  } catch (error) {
    trouble(error);
    return null;
  }
}

// Tell the session and the page which sign comes now.
function aim() {
  const sign = goal.signs[goal.at];
  const name = letterName(sign.label, sign.letter);
  spelt($("target")).textContent = name;
  announce(t("sign.wanted", { letter: name }));
  show($("word"), goal.signs.length > 1);
  spelt($("word")).replaceChildren(
    ...goal.signs.map((one, index) =>
      make("li", { class: index < goal.at ? "done" : "", "aria-current": index === goal.at ? "step" : null, translate: "no", text: one.letter.toUpperCase() }),
    ),
  );
  since = performance.now();
  advise([]);
  if (session) {
    count(sign.label, {});
    session.aim(sign.label).catch((error) => controls.stop(error));
  }
}

// Show the sign: a still picture, or a film where the sign moves or a word is spelt.
function demonstrate() {
  const sign = goal.signs[goal.at];
  if (!sign) return;
  const film = sign.moves || goal.signs.length > 1;
  const name = letterName(sign.label, sign.letter);
  show($("still"), !film);
  show($("moving"), film);
  if (film) {
    const text = goal.word ?? sign.letter;
    $("moving").setAttribute("aria-label", t("sign.film", { text }));
    $("moving").src = address("/signing", { text, alphabet: alphabet(), speed: SPEED, hand: hand(), tone: 0.4 });
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) $("moving").play().catch(() => {}); // the button plays it
  } else {
    $("moving").pause();
    $("moving").removeAttribute("src");
    $("moving").load(); // what is being drawn is no longer waited for
    $("still").alt = t("sign.still", { letter: name });
    $("still").src = address(`/signs/${alphabet()}/${encodeURIComponent(sign.label)}.png`);
    $("still").classList.toggle("mirrored", hand() === "left");
  }
}

function count(label, { seconds }) {
  const all = progress();
  const one = all[label] ?? { tries: 0, done: 0, best: null };
  if (seconds === undefined) one.tries += 1;
  else {
    one.done += 1;
    one.best = one.best === null ? seconds : Math.min(one.best, seconds);
  }
  store.set(key(), { ...all, [label]: one });
  tiles();
}

function tiles() {
  const known = progress();
  $("tiles").replaceChildren(
    ...practised().map((sign) => {
      const { tries = 0, done = 0, best = null } = known[sign.label] ?? {};
      return make(
        "li",
        { class: done ? "can" : "" },
        spelt(make("b", { class: isWord(letterName(sign.label, sign.letter)) ? "word" : "", translate: "no", text: letterName(sign.label, sign.letter) })),
        make("small", { text: tries || done ? t("sign.tries", { done, tries: Math.max(tries, done) }) : t("sign.untried") }),
        best === null ? null : make("small", { text: t("sign.best", { seconds: decimal(best) }) }),
      );
    }),
  );
}

let saying = "";
function advise(list) {
  const words = JSON.stringify(list.map((one) => one.text));
  if (words === saying) return;
  saying = words;
  $("advice").replaceChildren(...list.map((one) => make("li", { text: one.text })));
  show($("advice-none"), list.length === 0);
}

function seen(answer) {
  if (pausing) return;
  advise(answer.advice ?? []);
  const sign = goal.signs[goal.at];
  for (const one of answer.locked) {
    if (one.label === sign.label) return succeed(sign);
    announce(t("sign.read_as", { letter: letterName(one.label, one.letter) }));
  }
}

function succeed(sign) {
  const seconds = (performance.now() - since) / 1000;
  count(sign.label, { seconds });
  const last = goal.at + 1 === goal.signs.length;
  $("advice-none").textContent = t("sign.well", { letter: letterName(sign.label, sign.letter), seconds: decimal(seconds) });
  advise([]);
  show($("advice-none"));
  announce($("advice-none").textContent);
  pausing = true;
  const done = goal;
  setTimeout(
    () => {
      if (goal !== done) return;
      pausing = false;
      $("advice-none").textContent = t("sign.advice_none");
      if (last) begin();
      else {
        goal.at += 1;
        aim();
      }
    },
    last ? HELD : HELD / 3,
  );
}

function trouble(error) {
  $("camera-problem-text").textContent = error.message;
  show($("camera-problem"));
}

const controls = cameraControls(
  async (camera) => {
    session = new Session(camera, { target: goal.signs[goal.at]?.label ?? null, seen, failed: (error) => controls.stop(error) });
    await session.start();
    since = performance.now();
    if (goal.signs.length) count(goal.signs[goal.at].label, {});
  },
  () => {
    session?.end();
    session = null;
    advise([]);
  },
);

$("next").addEventListener("click", begin);
$("letter").addEventListener("change", begin);
$("replay").addEventListener("click", () => {
  const film = $("moving");
  if (film.hidden) {
    // A still sign is shown as a film on request: the way into it helps.
    const sign = goal.signs[goal.at];
    if (!sign || isWord(sign.letter)) return;
    film.setAttribute("aria-label", t("sign.film", { text: sign.letter }));
    film.src = address("/signing", { text: sign.letter, alphabet: alphabet(), speed: SPEED, hand: hand(), tone: 0.4 });
    show($("still"), false);
    show(film);
  }
  film.currentTime = 0;
  film.play().catch(() => {}); // `drawn` tells of films that fail
});
$("reset").addEventListener("click", () => {
  store.set(key(), {});
  tiles();
  announce(t("sign.was_reset"));
});
onAlphabet(() => {
  controls.stop();
  $("letter").value = "";
  load();
});
drawn($("moving"), trouble);
load();
