// The webcam: opened, watched frame by frame, released.

import { $, show, store, t } from "./page.js";

const WIDTH = 640; // pixels of a frame that is sent: enough to read a hand, little to send
const QUALITY = 0.8;

// Open the camera, or throw an Error that says in words why there is none.
export async function openCamera() {
  if (!isSecureContext) throw new Error(t("camera.insecure"));
  if (!navigator.mediaDevices?.getUserMedia) throw new Error(t("camera.none"));
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { width: { ideal: 1280 }, height: { ideal: 960 }, facingMode: "user" } });
  } catch (error) {
    const why = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "none", OverconstrainedError: "none", NotReadableError: "taken", AbortError: "taken" }[error.name] ?? "broken";
    throw new Error(t(`camera.${why}`));
  }
  const video = $("camera");
  video.srcObject = stream;
  await video.play();
  return new Camera(stream, video);
}

class Camera {
  constructor(stream, video) {
    Object.assign(this, { stream, video, canvas: document.createElement("canvas") });
  }

  get width() {
    return this.video.videoWidth;
  }

  get height() {
    return this.video.videoHeight;
  }

  // The picture of this moment, as a JPEG.
  frame() {
    const scale = Math.min(1, WIDTH / this.width);
    const width = Math.round(this.width * scale);
    const height = Math.round(this.height * scale);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, width, height);
    return new Promise((resolve, reject) =>
      this.canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(t("camera.broken")))), "image/jpeg", QUALITY),
    );
  }

  close() {
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }
}

// The buttons that start and stop the camera; `started(camera)` and `stopped()` do the rest.
export function cameraControls(started, stopped) {
  let camera = null;
  let opening = false;
  const stage = document.querySelector(".stage");

  async function start() {
    if (camera || opening) return;
    opening = true;
    $("start").disabled = true;
    show($("camera-problem"), false);
    try {
      camera = await openCamera();
      camera.stream.getTracks()[0].addEventListener("ended", () => stop(new Error(t("camera.lost"))));
      stage.dataset.state = "on";
      show($("start"), false);
      show($("stop"));
      $("stop").focus();
      await started(camera);
    } catch (error) {
      stop(error);
    } finally {
      opening = false;
      $("start").disabled = false;
    }
  }

  function stop(error = null) {
    const had = document.activeElement === $("stop");
    camera?.close();
    camera = null;
    stage.dataset.state = "off";
    $("why").textContent = "";
    show($("gauge"), false);
    show($("stop"), false);
    show($("start"));
    $("start").disabled = false;
    if (had) $("start").focus();
    stopped();
    if (error) {
      $("camera-problem-text").textContent = error.message;
      show($("camera-problem"));
    }
  }

  $("start").addEventListener("click", start);
  $("stop").addEventListener("click", () => stop());
  addEventListener("pagehide", () => camera && stop());
  const mirror = $("mirror");
  mirror.checked = store.get("mirror", true);
  const turn = () => $("picture").classList.toggle("mirrored", mirror.checked);
  mirror.addEventListener("change", () => {
    store.set("mirror", mirror.checked);
    turn();
  });
  turn();
  return { stop };
}
