// Sign into the camera: letters appear as they lock, and become a sentence.

import { $, announce, language, letterName, make, onAlphabet, script, show, spelt, t } from "./page.js";
import { cameraControls } from "./camera.js";
import { Session } from "./session.js";

let session = null;
let shown = ""; // suggestions that stand there

function seen(answer) {
  for (const one of answer.locked) announce(letterName(one.label, one.letter));
  write(answer);
}

function write({ text, suggestions }) {
  if ($("text").textContent !== text) spelt($("text")).textContent = text;
  const others = suggestions.filter((one) => one.text !== text);
  const key = JSON.stringify(others);
  if (key !== shown) {
    // Made anew only when they change: a button must not vanish beneath a finger, or lose the focus.
    shown = key;
    $("suggestions").replaceChildren(...others.map(suggestion));
    show($("no-suggestions"), others.length === 0);
  }
  enable();
}

function suggestion(one) {
  return make("li", {}, spelt(make("button", { type: "button", class: one.known ? "known" : "", translate: "no", text: one.text, click: () => edit("choose", one.text) })));
}

function enable() {
  const empty = !$("text").textContent;
  for (const name of ["delete", "clear"]) $(name).disabled = empty || !session;
  for (const name of ["copy", "speak"]) $(name).disabled = empty;
  $("space").disabled = !session;
  for (const button of $("suggestions").querySelectorAll("button")) button.disabled = !session;
}

async function edit(action, text) {
  try {
    write(await session.edit(action, text));
    if (action === "choose") $("space").focus();
    tell(t(`live.did_${action}`, { text: $("text").textContent }));
  } catch (error) {
    tell(error.message);
  }
}

const tell = (words) => ($("told").textContent = words);

const controls = cameraControls(
  async (camera) => {
    const mine = new Session(camera, { seen, failed: (error) => controls.stop(error) });
    session = mine;
    await mine.start();
    write({ text: "", suggestions: [] });
  },
  () => {
    session?.end();
    session = null; // the text stays, to be copied or spoken
    enable();
  },
);

for (const name of ["space", "delete", "clear"]) $(name).addEventListener("click", () => edit(name));
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("text").textContent);
    tell(t("live.copied"));
  } catch {
    tell(t("live.not_copied"));
  }
});

// Only voices of this device: others would send the text to a server.
$("speak").addEventListener("click", () => {
  const tongue = script().language || language;
  const voice = window.speechSynthesis?.getVoices().find((one) => one.localService && one.lang.toLowerCase().startsWith(tongue));
  if (!voice) return tell(t("live.no_voice"));
  const words = new SpeechSynthesisUtterance($("text").textContent.toLowerCase());
  Object.assign(words, { voice, lang: voice.lang });
  speechSynthesis.cancel();
  speechSynthesis.speak(words);
  return tell("");
});
window.speechSynthesis?.getVoices(); // browsers load them after the first question

const offer = () => show($("suggested"), "words" in script());
onAlphabet(() => {
  controls.stop();
  offer();
  $("text").textContent = "";
  write({ text: "", suggestions: [] });
});
spelt($("text"));
offer();
enable();
