// Read a video: send it, follow the work, show what came out.

import { $, alphabet, announce, clock, fail, isWord, language, letterName, make, percent, script, show, spelt, t } from "./page.js";
import { address, call, upload } from "./api.js";
import { takesFile } from "./drop.js";

let job = null; // id of the video
let sending = null; // the upload
let events = null; // what tells of the work
let asking = 0; // timer of those who ask
const ENDED = ["done", "failed", "cancelled"];

function panel(name) {
  show($("drop"), name === "drop");
  show($("working"), name === "working");
  show($("result"), name === "result");
}

function step(words, share, seconds = null) {
  $("step").textContent = share === null ? words : `${words} ${percent(share)}`;
  if (share === null) $("progress").removeAttribute("value");
  else $("progress").value = share;
  $("left").textContent = seconds === null || seconds === undefined ? "" : t("video.left", { time: clock(seconds) });
}

async function send(file) {
  if (sending) return;
  if (job) await forget();
  show($("problem"), false);
  panel("working");
  step(t("video.uploading"), 0);
  $("working-title").focus();
  const form = new FormData();
  form.append("video", file, file.name || "video");
  form.append("alphabet", alphabet());
  sending = upload("/videos", form, (share) => step(t("video.uploading"), share));
  try {
    const { id } = await sending.done;
    follow(id);
  } catch (error) {
    panel("drop");
    if (error.name !== "AbortError") fail($("problem"), error);
  } finally {
    sending = null;
  }
}

// The address of the page keeps the id, so that a reload does not lose the work.
function follow(id) {
  job = id;
  history.replaceState(null, "", `#${id}`);
  panel("working");
  step(t("video.waiting"), null);
  if (!window.EventSource) return ask();
  events = new EventSource(address(`/videos/${id}/events`, { lang: language }));
  const heard = (event) => take(id, JSON.parse(event.data));
  events.addEventListener("message", heard);
  for (const name of ["progress", "state", ...ENDED]) events.addEventListener(name, heard);
  events.addEventListener("error", () => {
    if (job !== id) return;
    quiet();
    ask();
  });
}

async function ask() {
  const id = job;
  try {
    take(id, await call("GET", `/videos/${id}`, { query: { lang: language } }));
  } catch (error) {
    if (error.status === 404 || error.status === 410) return give_up(error);
    fail($("problem"), error);
  }
  if (job === id && $("result").hidden && !$("working").hidden) asking = setTimeout(ask, 1000);
}

function quiet() {
  events?.close();
  events = null;
  clearTimeout(asking);
}

function give_up(error) {
  quiet();
  job = null;
  history.replaceState(null, "", location.pathname + location.search);
  panel("drop");
  if (error) fail($("problem"), error);
}

function take(id, state) {
  if (id !== job) return;
  if (state.state === "waiting") step(t("video.waiting"), null);
  else if (state.state === "running") step(t("video.reading"), state.progress ?? 0, state.seconds_left);
  else if (state.state === "done") {
    quiet();
    result(id, state);
  } else if (state.state === "failed") give_up(new Error(state.message || t("video.failed")));
  else if (state.state === "cancelled") give_up(null);
}

function result(id, state) {
  const film = $("film");
  const track = make("track", { kind: "subtitles", src: address(`/videos/${id}/subtitles`), srclang: script().language || language, label: t("video.track"), default: true });
  film.replaceChildren(track);
  film.src = address(`/videos/${id}/video`);
  for (const name of ["video", "subtitles", "text", "timeline"]) $(`get-${name}`).href = address(`/videos/${id}/${name}`);
  spelt($("text")).textContent = state.text || "";
  $("text").dataset.empty = t("video.no_text");
  const others = (state.suggestions ?? []).filter((one) => one.text !== state.text);
  show($("suggested"), others.length > 0);
  $("suggestions").replaceChildren(
    ...others.map((one) => make("li", {}, spelt(make("button", { type: "button", class: one.known ? "known" : "", translate: "no", text: one.text, click: () => copy(one.text) })))),
  );
  spelt($("letters")).replaceChildren(...(state.letters ?? []).map(letter));
  panel("result");
  $("result-title").focus();
  announce(t("video.done", { text: state.text || t("video.no_text") }));
}

function letter(one) {
  const name = letterName(one.label, one.letter);
  const button = make(
    "button",
    {
      type: "button",
      "aria-label": t("video.letter", { letter: name, time: clock(one.time, 1), percent: percent(one.probability) }),
      click: () => {
        $("film").currentTime = one.time;
        mark();
      },
    },
    make("b", { translate: "no", class: isWord(name) ? "word" : "", text: name }),
    make("small", { dir: "ltr", text: clock(one.time, 1) }),
  );
  Object.assign(button.dataset, { from: one.time, to: one.end });
  return make("li", {}, button);
}

function mark() {
  const now = $("film").currentTime;
  for (const button of $("letters").querySelectorAll("button")) {
    if (now >= Number(button.dataset.from) - 0.01 && now < Number(button.dataset.to)) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce(t("live.copied"));
  } catch {
    announce(t("live.not_copied"));
  }
}

async function forget() {
  const id = job;
  give_up(null);
  $("film").removeAttribute("src");
  $("film").replaceChildren();
  $("film").load();
  try {
    await call("DELETE", `/videos/${id}`);
  } catch (error) {
    if (error.status !== 404) fail($("problem"), error);
  }
}

takesFile("video/", send);
$("cancel").addEventListener("click", async () => {
  if (sending) sending.cancel();
  else if (job) await forget();
  $("choose").focus();
});
$("film").addEventListener("timeupdate", mark);
$("copy").addEventListener("click", () => copy($("text").textContent));
$("delete").addEventListener("click", async () => {
  await forget();
  announce(t("video.deleted"));
  $("choose").focus();
});
$("another").addEventListener("click", () => {
  give_up(null);
  $("film").pause();
  $("choose").focus();
});
if (/^#[\w-]+$/.test(location.hash) && location.hash !== "#main") follow(location.hash.slice(1));
