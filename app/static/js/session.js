// A session of the reader: frames go there one at a time, as fast as answers come back.

import { $, alphabet, isWord, letterName, show, spelt, t } from "./page.js";
import { call, Problem } from "./api.js";
import { drawLive } from "./hands.js";

const PAUSE = 50; // milliseconds between two frames at least: 20 a second are plenty
const PATIENCE = 5; // failures in a row before giving up

export class Session {
  // seen(answer) is told of every answer, failed(error) why it ended by itself; shown(answer) tells how far a letter is.
  constructor(camera, { target = null, seen, failed, shown = gauge }) {
    Object.assign(this, { camera, target, seen, failed, shown, id: null, ended: false, failures: 0 });
  }

  async start() {
    await this.open();
    this.began = performance.now();
    this.run();
  }

  async open() {
    const { id } = await call("POST", "/sessions", { json: { alphabet: alphabet(), target: this.target } });
    this.id = id;
    if (this.ended) this.end();
  }

  async run() {
    while (!this.ended) {
      const before = performance.now();
      try {
        const time = ((before - this.began) / 1000).toFixed(3);
        const body = await this.camera.frame();
        const answer = await call("POST", `/sessions/${this.id}/frames`, { body, type: "image/jpeg", query: { time } });
        if (this.ended) return;
        this.failures = 0;
        this.shown(answer);
        drawLive($("overlay"), this.camera.width, this.camera.height, answer.hand, (answer.advice ?? []).flatMap((one) => one.joints));
        this.seen(answer);
      } catch (error) {
        if (this.ended) return;
        if (!(await this.recovered(error))) return;
      }
      await sleep(Math.max(0, PAUSE - (performance.now() - before)));
    }
  }

  // A session that the server has forgotten is opened anew; a busy server is asked again later.
  async recovered(error) {
    this.failures += 1;
    if (!(error instanceof Problem) || this.failures > PATIENCE) {
      this.failed(error);
      return false;
    }
    $("why").textContent = error.message;
    if (error.status === 404) {
      await this.open().catch(() => {}); // counted when the next frame fails
      return true;
    }
    await sleep(1000 * (error.wait || 1));
    return true;
  }

  async aim(target) {
    this.target = target;
    if (this.id) await call("PUT", `/sessions/${this.id}/target`, { json: { target } });
  }

  edit(action, text) {
    return call("POST", `/sessions/${this.id}/edit`, { json: text === undefined ? { action } : { action, text } });
  }

  end() {
    this.ended = true;
    const pen = $("overlay").getContext("2d");
    pen.clearRect(0, 0, $("overlay").width, $("overlay").height);
    if (this.id) call("DELETE", `/sessions/${this.id}`, { keepalive: true }).catch(() => {}); // it is forgotten by itself, too
  }
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// The ring fills while a letter gathers evidence, and stays full while it holds.
function gauge({ leading, current, why, state }) {
  const held = current && (!leading || leading.label === current.label);
  const shown = held ? current : leading;
  show($("gauge"), Boolean(shown));
  $("why").textContent = why ? t(`why.${why}`) : state === "gathering" ? t("why.gathering") : "";
  if (!shown) return;
  const name = letterName(shown.label, shown.letter);
  $("gauge").classList.toggle("held", Boolean(held));
  $("ring").setAttribute("stroke-dasharray", `${held ? 100 : Math.round(100 * leading.progress)} 100`);
  spelt($("leading")).textContent = name;
  $("leading").classList.toggle("word", isWord(name));
}
