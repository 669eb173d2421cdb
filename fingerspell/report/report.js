// Sorts and filters tables, opens the test images behind the cells of a confusion matrix. Without it all numbers are there.

const number = new Intl.Collator("en", { numeric: true });
const text = (cell) => cell.dataset.value ?? cell.textContent.trim();

function order(one, other) {
  const [first, second] = [one, other].map((cell) => parseFloat(text(cell).replaceAll(",", "")));
  if (Number.isNaN(first) || Number.isNaN(second)) return number.compare(text(one), text(other));
  return first - second;
}

// Rows without a value in the column, such as an experiment that was not run, stay at the end.
function sort(table, heading) {
  const at = heading.cellIndex;
  const rising = heading.getAttribute("aria-sort") === (heading.matches(".number") ? "descending" : "none");
  for (const one of table.tHead.rows[0].cells) one.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const told = (row) => row.cells[at] && !/^(–|not run)$/.test(text(row.cells[at]));
  const rows = [...table.tBodies[0].rows];
  const full = rows.filter(told).sort((one, other) => (rising ? 1 : -1) * order(one.cells[at], other.cells[at]));
  table.tBodies[0].append(...full, ...rows.filter((row) => !told(row)));
}

for (const table of document.querySelectorAll(".sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(table, heading));
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
  }
}

const filter = document.getElementById("filter");
if (filter) {
  filter.parentElement.hidden = false;
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    const rows = [...document.getElementById("all").tBodies[0].rows];
    for (const row of rows) {
      row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      document.getElementById(`experiment-${row.cells[0].textContent.trim()}`).hidden = row.hidden;
    }
    document.getElementById("filtered").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  });
}

// Wrong answers

const { thumbnails, wrong } = JSON.parse(document.getElementById("mistakes").textContent);
const dialog = document.getElementById("pictures");

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function show(experiment, title, count, images) {
  const [heading, note, pictures] = dialog.children;
  heading.textContent = title;
  const shown = images.length === count ? "" : `; the ${images.length} surest are shown`;
  note.textContent = `${experiment}: ${count} test image${count === 1 ? "" : "s"}${shown}`;
  pictures.replaceChildren(
    ...images.map(([at, confidence]) => {
      const [name, data] = thumbnails[at];
      const image = element("img", { src: `data:image/webp;base64,${data}`, alt: `Test image ${name}` });
      const caption = element("figcaption", {}, `confidence ${confidence.toFixed(2)}`, document.createElement("br"), name.split("/").pop());
      return element("figure", { title: name }, image, caption);
    }),
  );
  dialog.showModal();
}

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // beside its content
});

// One stop for the Tab key; the arrow keys lead on, to the nearest wrong answer in their direction.
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function roam(event) {
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  const place = (button) => [button.closest("tr").sectionRowIndex, button.closest("td").cellIndex];
  const [row, column] = place(event.target);
  let [next, nearest] = [event.target, Infinity];
  for (const button of event.currentTarget.querySelectorAll("button")) {
    const [down, across] = [place(button)[0] - row, place(button)[1] - column];
    const ahead = step[0] * down + step[1] * across;
    const far = ahead + 2 * Math.abs(step[0] * across + step[1] * down);
    if (ahead > 0 && far < nearest) [next, nearest] = [button, far];
  }
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function choosable(details) {
  const table = details.querySelector(".confusion");
  const cells = Object.entries(wrong[details.dataset.experiment] ?? {});
  if (!table || !cells.length || table.matches(".choosable")) return;
  table.classList.add("choosable");
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const labels = [...table.tBodies[0].rows].map((row) => row.cells[0].textContent);
  for (const [place, images] of cells) {
    const [row, column] = place.split(",").map(Number);
    const cell = table.tBodies[0].rows[row].cells[column + 1];
    const count = Number(cell.textContent);
    const title = `${labels[row]} read as ${heads[column + 1]}`;
    const button = element("button", { type: "button", tabIndex: -1 }, cell.textContent);
    button.setAttribute("aria-label", `${title}: ${count}`);
    button.addEventListener("click", () => show(details.dataset.experiment, title, count, images));
    cell.replaceChildren(button);
  }
  table.querySelector("button").tabIndex = 0;
  table.addEventListener("keydown", roam);
}

for (const details of document.querySelectorAll(".experiment")) {
  details.addEventListener("toggle", () => details.open && choosable(details));
}

// A link to an experiment opens it.
function open() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.matches("details")) {
    target.open = true;
    target.hidden = false;
    target.scrollIntoView();
  }
}
window.addEventListener("hashchange", open);
open();

// The contents show where the reader is.
const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(target.id).setAttribute("aria-current", "true");
    }
  },
  { rootMargin: "-20% 0px -75% 0px" },
);
for (const section of document.querySelectorAll("main > section")) seen.observe(section);
