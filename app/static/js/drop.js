// A place that takes a file: dropped, pasted, chosen, or taken with the device's camera.

import { $ } from "./page.js";

export function takesFile(kind, take) {
  const drop = $("drop");
  $("choose").addEventListener("click", () => $("file").click());
  $("take").addEventListener("click", () => $("shot").click());
  for (const input of [$("file"), $("shot")]) {
    input.addEventListener("change", () => {
      if (input.files.length) take(input.files[0]);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  // A file that misses the frame must not replace the page.
  for (const name of ["dragover", "drop"]) {
    addEventListener(name, (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }
  addEventListener("dragenter", (event) => drop.classList.toggle("over", Boolean(event.dataTransfer?.types.includes("Files"))));
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    drop.classList.remove("over");
    const file = pick(event.dataTransfer?.files, kind);
    if (file) take(file);
  });
  addEventListener("paste", (event) => {
    const file = pick(event.clipboardData?.files, kind);
    if (file) take(file);
  });
}

// The first file of the kind; else the first of any, so that the server can say what is wrong with it.
function pick(files, kind) {
  const all = [...(files ?? [])];
  return all.find((file) => file.type.startsWith(kind)) ?? all[0];
}
