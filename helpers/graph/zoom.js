// Makes a picture of a graph zoom and move: wheel with Ctrl, drag, two fingers, buttons, and the keys + - 0 f and arrows.
// Without it the picture has its own size and scrolls.

const SMALLEST = 0.1;
const LARGEST = 4;
const STEP = 1.25;

export function zoomable(figure) {
  if (figure.dataset.zoom === "ready") return;
  figure.dataset.zoom = "ready";
  const view = figure.querySelector(".view");
  let scale = 1;

  const size = () => view.querySelector("svg").viewBox.baseVal;

  // Zooms so that what is at (x, y) of the view stays there.
  function zoom(to, x = view.clientWidth / 2, y = view.clientHeight / 2) {
    const svg = view.querySelector("svg");
    const next = Math.min(LARGEST, Math.max(SMALLEST, to));
    const before = svg.getBoundingClientRect();
    const frame = view.getBoundingClientRect();
    const inside = [(x + frame.left - before.left) / before.width, (y + frame.top - before.top) / before.height];
    svg.style.width = `${size().width * next}px`;
    svg.style.height = `${size().height * next}px`;
    scale = next;
    const after = svg.getBoundingClientRect();
    view.scrollLeft += after.left + inside[0] * after.width - frame.left - x;
    view.scrollTop += after.top + inside[1] * after.height - frame.top - y;
  }

  function fit() {
    const height = parseFloat(getComputedStyle(view).maxHeight) || view.clientHeight;
    zoom(Math.min(1, view.clientWidth / size().width, height / size().height));
  }

  const actions = { in: () => zoom(scale * STEP), out: () => zoom(scale / STEP), fit, whole: () => zoom(1) };
  figure.querySelector(".zoom").hidden = false;
  for (const button of figure.querySelectorAll(".zoom button")) {
    button.addEventListener("click", actions[button.dataset.do]);
  }

  const keys = { "+": actions.in, "=": actions.in, "-": actions.out, 0: actions.whole, f: fit };
  view.addEventListener("keydown", (event) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? null : keys[event.key];
    if (!action) return;
    event.preventDefault();
    // A notebook has commands of its own on these keys.
    event.stopPropagation();
    action();
  });

  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const frame = view.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - frame.left, event.clientY - frame.top);
  }, { passive: false });

  // A finger scrolls by itself. Two zoom the picture in place of the whole page.
  let apart = 0;
  const spread = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  view.addEventListener("touchstart", ({ touches }) => { if (touches.length === 2) apart = spread(touches); });
  view.addEventListener("touchmove", (event) => {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    const [one, other] = event.touches;
    const frame = view.getBoundingClientRect();
    const x = (one.clientX + other.clientX) / 2 - frame.left;
    const y = (one.clientY + other.clientY) / 2 - frame.top;
    zoom(scale * spread(event.touches) / apart, x, y);
    apart = spread(event.touches);
  }, { passive: false });

  view.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const frame = view.getBoundingClientRect();
    // On a scroll bar.
    if (event.clientX - frame.left > view.clientWidth || event.clientY - frame.top > view.clientHeight) return;
    view.setPointerCapture(event.pointerId);
    view.classList.add("grab");
  });
  view.addEventListener("pointermove", (event) => {
    if (!view.classList.contains("grab")) return;
    view.scrollLeft -= event.movementX;
    view.scrollTop -= event.movementY;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    view.addEventListener(end, () => view.classList.remove("grab"));
  }

  // What is a little too wide is made to fit; what is much too wide stays readable and scrolls.
  const fitting = view.clientWidth / size().width;
  if (fitting > 0.6 && fitting < 1) zoom(fitting);
}
