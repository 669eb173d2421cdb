// Practise reading: the drawn hand spells a word, and you type it.

import { $, alphabet, announce, decimal, drawn, fail, onAlphabet, remembered, show, spelt, store, t } from "./page.js";
import { address, call } from "./api.js";
import { folded } from "./spelling.js";

const SLOWEST = 1;
let word = null;
let speed = 2; // letters a second of this word
let settled = false; // whether it was read or shown: it counts once
const film = $("film");

const length = remembered($("length"), "read.length");
const key = () => `practice.read.${alphabet()}`;
const score = () => ({ right: 0, asked: 0, streak: 0, fastest: null, ...store.get(key(), {}) });

function scores() {
  const { right, asked, streak, fastest } = score();
  $("right").textContent = t("read.of", { right, asked });
  $("streak").textContent = streak;
  $("fastest").textContent = fastest === null ? "–" : decimal(fastest);
}

async function next() {
  show($("problem"), false);
  try {
    const answer = await call("GET", "/practice/word", { query: { alphabet: alphabet(), length: length(), exclude: word ?? "" } });
    word = answer.text;
  } catch (error) {
    return fail($("problem"), error);
  }
  speed = Number($("speed").value);
  settled = false;
  for (const name of ["typed", "check", "show", "next", "pause", "slower", "again"]) $(name).disabled = false;
  $("begin").hidden = true;
  $("typed").value = "";
  $("verdict").textContent = "";
  show($("answer"), false);
  film.dataset.hand = Math.random() < 0.5 ? "left" : "right"; // either hand, any skin: people differ
  film.dataset.tone = Math.random().toFixed(2);
  spell();
  spelt($("typed")).focus();
}

function spell() {
  show($("blank"), false);
  show(film);
  film.src = address("/signing", { text: word, alphabet: alphabet(), speed, hand: film.dataset.hand, tone: film.dataset.tone });
  play();
}

function play() {
  show($("problem"), false);
  film.play().catch(() => {}); // `drawn` tells of films that fail, and the buttons play those that browsers hold back
}

function settle(read) {
  if (settled) return;
  settled = true;
  const now = score();
  now.asked += 1;
  now.streak = read ? now.streak + 1 : 0;
  if (read) {
    now.right += 1;
    now.fastest = Math.max(now.fastest ?? 0, speed);
  }
  store.set(key(), now);
  scores();
}

function verdict(good, words) {
  $("verdict").className = `verdict ${good ? "good" : "wrong"}`;
  $("verdict").textContent = words;
}

function reveal() {
  spelt($("answer")).textContent = word;
  show($("answer"));
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!word || !$("typed").value.trim()) return;
  if (folded($("typed").value) === folded(word)) {
    settle(true);
    verdict(true, t("read.yes"));
    reveal();
    $("next").focus();
  } else verdict(false, t("read.no"));
});
$("begin").addEventListener("click", next);
$("next").addEventListener("click", next);
$("show").addEventListener("click", () => {
  settle(false);
  verdict(true, t("read.was", { word }));
  reveal();
});
$("again").addEventListener("click", () => {
  film.currentTime = 0;
  play();
});
$("slower").addEventListener("click", () => {
  speed = Math.max(SLOWEST, speed - 0.5);
  announce(t("read.rate", { speed: decimal(speed) }));
  spell();
});
$("pause").addEventListener("click", () => (film.paused ? play() : film.pause()));
for (const [name, text] of [["play", "read.pause"], ["pause", "read.go_on"], ["ended", "read.go_on"]]) {
  film.addEventListener(name, () => {
    $("pause").querySelector("span").textContent = t(text);
    const use = $("pause").querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, name === "play" ? "#pause" : "#play"));
  });
}
$("speed").value = store.get("read.speed", 2);
const told = () => ($("speed-value").textContent = decimal(Number($("speed").value)));
$("speed").addEventListener("input", () => {
  store.set("read.speed", Number($("speed").value));
  told();
});
$("reset").addEventListener("click", () => {
  store.set(key(), {});
  scores();
  announce(t("read.was_reset"));
});
onAlphabet(() => {
  word = null;
  film.removeAttribute("src");
  film.load();
  show(film, false);
  show($("blank"));
  show($("answer"), false);
  $("begin").hidden = false;
  $("verdict").textContent = "";
  for (const name of ["typed", "check", "show", "next", "pause", "slower", "again"]) $(name).disabled = true;
  scores();
});
drawn(film, (error) => fail($("problem"), error));
told();
scores();
