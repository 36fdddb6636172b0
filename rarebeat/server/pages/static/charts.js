// Reads values off charts: a hairline follows the pointer, and the key says what each line is there.
const SVG = "http://www.w3.org/2000/svg";
let read = null;  // the figure whose values are shown

const scale = (words) => words.split(" ").map(Number);

function invert([low, high, begin, end], place) {
  return low + ((place - begin) / (end - begin)) * (high - low);
}

function nearest(path, x) {
  let found = null;
  for (const [, px, py] of path.getAttribute("d").matchAll(/[ML](-?[\d.e-]+) (-?[\d.e-]+)/g))
    if (!found || Math.abs(px - x) < Math.abs(found[0] - x)) found = [Number(px), Number(py)];
  return found;
}

// A thousandth of the axis is what can be told from its picture.
function written(value, [low, high]) {
  const digits = Math.max(0, Math.min(12, -Math.floor(Math.log10((high - low) / 1000))));
  return Number(value.toFixed(digits)).toLocaleString("en", { maximumSignificantDigits: 12 });
}

function forget() {
  if (!read) return;
  read.querySelector(".hair")?.remove();
  read.querySelector(".here")?.remove();
  for (const value of read.querySelectorAll(".key [data-last]")) value.textContent = value.dataset.last;
  read = null;
}

function show(figure, event) {
  const svg = figure.querySelector("svg"), scales = svg.querySelector("[data-x]");
  const box = svg.getBoundingClientRect(), { width, height } = svg.viewBox.baseVal;
  const x = scale(scales.dataset.x), y = scale(scales.dataset.y);
  const place = ((event.clientX - box.left) / box.width) * width;
  const paths = [...svg.querySelectorAll("path.line:not(.under)")];
  const points = paths.map((path) => nearest(path, place));
  const known = points.filter(Boolean);
  if (!known.length || place < x[2] - 8 || place > x[3] + 8) return forget();
  const at = known.reduce((best, one) => (Math.abs(one[0] - place) < Math.abs(best[0] - place) ? one : best))[0];
  if (read !== figure) forget();
  read = figure;
  let hair = svg.querySelector(".hair");
  if (!hair) svg.append((hair = document.createElementNS(SVG, "line")));
  for (const [name, value] of Object.entries({ class: "hair", x1: at, x2: at, y1: y[3], y2: y[2] }))
    hair.setAttribute(name, value);
  let here = figure.querySelector(".here");
  if (!here) figure.querySelector("figcaption").append((here = document.createElement("span")));
  here.className = "here";
  here.textContent = ` ${scales.dataset.name} ${written(invert(x, at), x)}`;
  figure.querySelectorAll(".key b, .key em").forEach((value, number) => {
    value.dataset.last ??= value.textContent;
    const point = points[number];
    value.textContent = point && Math.abs(point[0] - at) < 4 ? written(invert(y, point[1]), y) : "–";
  });
}

document.addEventListener("pointermove", (event) => {
  const svg = event.target.closest?.(".chart svg");
  if (svg && svg.querySelector("[data-x]")) show(svg.closest(".chart"), event);
  else forget();
});
document.addEventListener("pointerleave", forget);
