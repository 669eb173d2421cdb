// Hands drawn over pictures: bones, joints, boxes. Landmarks and boxes are shares of the picture's width and height.

const SVG = "http://www.w3.org/2000/svg";
export const BONES = [[0, 1], [0, 5], [0, 17], [5, 9], [9, 13], [13, 17]].concat(
  [1, 5, 9, 13, 17].flatMap((first) => [0, 1, 2].map((step) => [first + step, first + step + 1])),
);

const shape = (name, attributes, ...children) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// Draw every hand into an SVG that lies over a picture of that size, with its name and number.
export function drawOver(svg, width, height, hands) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const unit = Math.max(width, height) / 320;
  svg.replaceChildren(...hands.map((hand) => group(hand, width, height, unit)));
}

function group(hand, width, height, unit) {
  const points = hand.landmarks.map(([x, y]) => [x * width, y * height]);
  const line = ([a, b], kind, thick) =>
    shape("line", { x1: points[a][0], y1: points[a][1], x2: points[b][0], y2: points[b][1], class: kind, "stroke-width": thick });
  const border = 0.04 * Math.max(width, height);
  const left = Math.max(unit, hand.box[0] * width - border);
  const top = Math.max(unit, hand.box[1] * height - border);
  const right = Math.min(width - unit, hand.box[2] * width + border);
  const bottom = Math.min(height - unit, hand.box[3] * height + border);
  const size = 16 * unit;
  const long = [...hand.name].length * size * 0.62 + size * 0.6;
  const x = Math.max(0, Math.min(left, width - long));
  const y = Math.max(0, top - size * 1.35);
  return shape(
    "g",
    { class: hand.known ? "" : "unsure" },
    ...BONES.map((bone) => line(bone, "bone-under", 3 * unit)),
    ...BONES.map((bone) => line(bone, "bone", unit)),
    ...points.map(([cx, cy]) => shape("circle", { cx, cy, r: 1.9 * unit, class: "joint" })),
    shape("rect", { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top), rx: 4 * unit, class: "box", "stroke-width": 1.5 * unit }),
    shape("rect", { x, y, width: long, height: size * 1.3, rx: 3 * unit, class: "name-back" }),
    shape("text", { x: x + long / 2, y: y + size, "font-size": size, "text-anchor": "middle", class: "name", direction: "ltr" }, hand.name),
  );
}

// Draw one hand onto a canvas that lies over the camera's picture; `marked` joints are ringed.
export function drawLive(canvas, width, height, hand, marked = []) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  if (!hand) return;
  const unit = Math.max(width, height) / 320;
  const points = hand.landmarks.map(([x, y]) => [x * width, y * height]);
  pen.lineCap = "round";
  for (const [colour, thick] of [["#11181c", 3 * unit], ["#ffffff", unit]]) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: thick });
    for (const [a, b] of BONES) {
      pen.beginPath();
      pen.moveTo(...points[a]);
      pen.lineTo(...points[b]);
      pen.stroke();
    }
  }
  const circle = ([x, y], radius) => {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  };
  pen.fillStyle = "#f9a825";
  for (const point of points) {
    circle(point, 1.8 * unit);
    pen.fill();
  }
  const span = Math.max((hand.box[2] - hand.box[0]) * width, (hand.box[3] - hand.box[1]) * height);
  for (const joint of new Set(marked)) {
    for (const [colour, thick] of [["#11181c", 3 * unit], ["#ff8a5c", 1.8 * unit]]) {
      Object.assign(pen, { strokeStyle: colour, lineWidth: thick });
      circle(points[joint], Math.max(3.5 * unit, 0.05 * span));
      pen.stroke();
    }
  }
}
