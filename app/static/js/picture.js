// Read a picture.

import { $, alphabet, announce, fail, isWord, letterName, make, onAlphabet, percent, show, spelt, t } from "./page.js";
import { address, call } from "./api.js";
import { takesFile } from "./drop.js";
import { drawOver } from "./hands.js";

const EXAMPLES = { american: "L", arabic: "laam" }; // signs that the drawn hand shows

let last = null; // the file that is shown
let asking = null; // ends a request that a newer one makes needless

async function read(file) {
  asking?.abort();
  const mine = (asking = new AbortController());
  last = file;
  show($("problem"), false);
  show($("busy"));
  const form = new FormData();
  form.append("picture", file, file.name || "picture");
  form.append("alphabet", alphabet());
  form.append("hands", $("hands").value);
  try {
    const [answer, pixels] = await Promise.all([
      call("POST", "/readings", { body: form, signal: mine.signal }),
      createImageBitmap(file).catch(() => null), // a format that this browser cannot show, and the server can read
    ]);
    if (mine !== asking) return;
    tell(answer, pixels);
  } catch (error) {
    if (error.name === "AbortError") return;
    show($("result"), false);
    $("drop").classList.remove("small");
    fail($("problem"), error);
  } finally {
    if (mine === asking) show($("busy"), false);
  }
}

function tell(answer, pixels) {
  const { width, height, hands } = answer;
  const canvas = $("canvas");
  const scale = Math.min(1, 1600 / Math.max(width, height)); // as sharp as any screen needs
  Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
  if (pixels) canvas.getContext("2d").drawImage(pixels, 0, 0, canvas.width, canvas.height);
  const named = hands.map((hand, index) => ({
    ...hand,
    known: known(hand),
    name: `${hands.length > 1 ? `${index + 1}: ` : ""}${!known(hand) ? "?" : letterName(hand.class, hand.letter)}`,
  }));
  drawOver($("drawn"), width, height, named);
  $("found").replaceChildren(...(hands.length ? hands.map((hand, index) => card(hand, index, hands.length)) : [nothing()]));
  $("drop").classList.add("small");
  show($("result"));
  $("result-title").focus({ preventScroll: true });
  $("result").scrollIntoView({ block: "nearest" });
  announce(hands.length ? hands.map(sentence).join(". ") : t("picture.no_hand"));
}

// The class of hands that rest is no sign either.
const known = (hand) => hand.class !== null && hand.class !== "nothing";

const sentence = (hand) =>
  !known(hand)
    ? t("picture.no_sign")
    : t("picture.said", { letter: letterName(hand.class, hand.letter), percent: percent(hand.probability) });

function card(hand, index, of) {
  const sure = known(hand);
  const name = sure ? letterName(hand.class, hand.letter) : "?";
  const side = t(`picture.${hand.hand}`);
  return make(
    "article",
    { class: `card hand${sure ? "" : " unknown"}` },
    make("h3", { text: of > 1 ? t("picture.one_of", { number: index + 1, side }) : side }),
    spelt(make("p", { class: `great${isWord(name) ? " word" : ""}`, translate: "no", text: name })),
    make(
      "div",
      { class: "verdict" },
      make("p", { class: "words", text: sure ? t(certainty(hand.probability)) : t("picture.no_sign") }),
      make("p", { class: "hint", text: sure ? percent(hand.probability) : t(hand.class === null ? "picture.best_guess" : "picture.nothing") }),
    ),
    sure ? null : advise(),
    candidates(hand.answers),
    hand.seen ? seen(hand) : null,
  );
}

function certainty(probability) {
  if (probability >= 0.95) return "picture.sure";
  return probability >= 0.8 ? "picture.likely" : "picture.maybe";
}

function candidates(answers) {
  return make(
    "ul",
    { class: "plain candidates", "aria-label": t("picture.candidates") },
    ...answers.map(({ class: label, letter, probability }) =>
      make(
        "li",
        {},
        spelt(make("b", { class: isWord(letterName(label, letter)) ? "word" : "", translate: "no", text: letterName(label, letter) })),
        make("progress", { max: 1, value: probability, "aria-label": letterName(label, letter) }),
        make("span", { text: percent(probability) }),
      ),
    ),
  );
}

function seen(hand) {
  return make(
    "div",
    { class: "seen" },
    make("img", { src: hand.seen, alt: t("picture.seen_alt"), width: 96, height: 96 }),
    make("p", { class: "hint", text: t("picture.seen") }),
  );
}

const advise = () =>
  make("div", { class: "advise" }, make("p", { text: t("picture.try") }), make("ul", {}, ...["near", "light", "whole", "alphabet"].map((name) => make("li", { text: t(`picture.try_${name}`) }))));

const nothing = () =>
  make("article", { class: "card" }, make("p", { class: "words", text: t("picture.no_hand") }), advise());

takesFile("image/", read);
const again = () => last && read(last);
$("hands").addEventListener("change", again);
onAlphabet(again);
const offer = () => show($("example"), Object.hasOwn(EXAMPLES, alphabet()));
onAlphabet(offer);
offer();
$("example").addEventListener("click", async () => {
  try {
    const response = await fetch(address(`/signs/${alphabet()}/${EXAMPLES[alphabet()]}.png`));
    if (!response.ok) throw new Error(t("error.status", { status: response.status }));
    await read(new File([await response.blob()], "example.png", { type: "image/png" }));
  } catch (error) {
    fail($("problem"), error);
  }
});
