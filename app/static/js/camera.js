// The webcam: opened, watched frame by frame, released.

import { $, show, store, t } from "./page.js";

const WIDTH = 640; // pixels of a frame that is sent: enough to read a hand, little to send
const QUALITY = 0.8;
const KEPT_QUALITY = 0.95; // of a picture that is learnt from

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
    Object.assign(this, { stream, video, small: document.createElement("canvas"), large: document.createElement("canvas") });
  }

  get width() {
    return this.video.videoWidth;
  }

  get height() {
    return this.video.videoHeight;
  }

  // The picture of this moment as a JPEG, small, to be read.
  frame() {
    return this.jpeg(this.small, Math.min(1, WIDTH / this.width), QUALITY);
  }

  // The same as the camera gives it, to be kept.
  whole() {
    return this.jpeg(this.large, 1, KEPT_QUALITY);
  }

  jpeg(canvas, scale, quality) {
    const width = Math.round(this.width * scale);
    const height = Math.round(this.height * scale);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext("2d").drawImage(this.video, 0, 0, width, height);
    return new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(t("camera.broken")))), "image/jpeg", quality),
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
