// Switches for rules, and what comes of them. One script for a page that holds every outcome, and for a kernel that
// works each one out. It stands behind that of helpers/graph/zoom.js, in one module.
//
// mount(place, data, ask, told) draws into the element `place`.
//   data   {rules: [operator], networks: {name: {rules: [operator that it calls]}}}
//   ask    called with {network, off} for what is chosen from now on; the answer goes to show(outcome, {network, off})
//   told   the same, for what keeps in mind what a reader chose (the address)
// It returns {show, choose}. An outcome is what helpers/explorer/outcome.py says.

// After so many milliseconds without an answer what is shown is seen to be an old one.
const PATIENCE = 300;
const DRAWN = { diff: "What partition changed", graph: "The network" };

function element(kind, properties = {}, ...children) {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
}

export function mount(place, data, ask, told = () => {}) {
  place.classList.add("relay-explorer");
  const menu = element("select", { className: "network", autocomplete: "off" });
  for (const name of Object.keys(data.networks)) menu.append(element("option", { value: name, textContent: name }));
  const switches = data.rules.map((op) => {
    const box = element("input", { type: "checkbox", value: op, autocomplete: "off" });
    const absent = element("span", { className: "absent", textContent: "not in this network" });
    return { op, box, absent, label: element("label", {}, box, element("code", { textContent: op }), absent) };
  });
  const buttons = [["all rules on", true], ["all off", false]].map(([words, on]) => {
    const button = element("button", { type: "button", textContent: words });
    button.addEventListener("click", () => {
      for (const { box } of switches) box.checked = on;
      changed();
    });
    return button;
  });
  const counts = element("dl", { className: "counts" });
  counts.setAttribute("aria-live", "polite");
  counts.setAttribute("aria-atomic", "true");
  const failure = element("p", { className: "failure", hidden: true });
  failure.setAttribute("role", "alert");
  const pictures = Object.entries(DRAWN).map(([name, title]) => {
    const inside = element("div", { className: `picture ${name}` });
    inside.setAttribute("role", "region");
    inside.setAttribute("aria-label", title);
    return { name, inside };
  });
  // What is taller than its place scrolls, also by keyboard. The graph has a place of its own that does.
  pictures[0].inside.tabIndex = 0;
  const drawn = element("div", { className: "pictures" }, ...pictures.map((picture) => picture.inside));
  place.replaceChildren(
    element("div", { className: "choices" },
      element("label", {}, "network ", menu), ...buttons,
      element("fieldset", {}, element("legend", { textContent: "rules" }), ...switches.map((each) => each.label))),
    counts, failure, drawn);

  const chosen = () => ({ network: menu.value, off: switches.filter(({ box }) => !box.checked).map(({ op }) => op) });

  function mark() {
    const present = new Set(data.networks[menu.value].rules);
    for (const { op, absent, label } of switches) {
      absent.hidden = present.has(op);
      label.classList.toggle("unused", !present.has(op));
    }
  }

  // An unknown network or rule, as in a link to an older page, changes nothing.
  function choose({ network, off }) {
    if (Object.hasOwn(data.networks, network)) menu.value = network;
    for (const { op, box } of switches) box.checked = !off.includes(op);
    mark();
    wait();
    ask(chosen());
  }

  function changed() {
    mark();
    told(chosen());
    wait();
    ask(chosen());
  }

  // For what is shown already there may be no answer.
  let waiting;
  function wait() {
    clearTimeout(waiting);
    if (place.dataset.shown === JSON.stringify(chosen())) place.removeAttribute("aria-busy");
    else waiting = setTimeout(() => place.setAttribute("aria-busy", "true"), PATIENCE);
  }

  function show(outcome, of) {
    clearTimeout(waiting);
    place.removeAttribute("aria-busy");
    const old = Boolean(outcome.error && counts.childElementCount);
    failure.hidden = !outcome.error;
    failure.replaceChildren(...(outcome.error ? ["A rule failed: ", element("code", { textContent: outcome.error })] : []),
      ...(old ? [element("br"), "Below is what was there before."] : []));
    for (const stale of [counts, drawn]) stale.classList.toggle("old", old);
    place.dataset.shown = JSON.stringify({ network: of.network, off: of.off });
    if (outcome.error) return;
    counts.replaceChildren(...Object.entries(outcome.counts).map(([name, value]) =>
      element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }))));
    for (const { name, inside } of pictures) {
      const fresh = element("template", { innerHTML: outcome[name] }).content;
      (name === "graph" ? exchangeGraph : exchange)(inside, fresh);
    }
  }

  menu.addEventListener("change", changed);
  for (const { box } of switches) box.addEventListener("change", changed);
  return { show, choose };
}

// Puts a new picture in the place of the old one, with its menus as the reader has set them.
function exchange(inside, fresh) {
  const old = [...inside.querySelectorAll(".bar select")];
  fresh.querySelectorAll(".bar select").forEach((select, at) => { if (old[at]) select.value = old[at].value; });
  inside.replaceChildren(fresh);
}

// A graph stays in its frame, as large as the reader has made it.
function exchangeGraph(inside, fresh) {
  const view = inside.querySelector(".view");
  if (!view) {
    inside.replaceChildren(fresh);
    // Its place has a size only when the page has been laid out.
    requestAnimationFrame(() => zoomable(inside.querySelector(".relay-graph")));
    return;
  }
  const width = (svg) => svg.viewBox.baseVal.width;
  const old = view.querySelector("svg");
  const svg = fresh.querySelector(".view svg");
  if (old.style.width) {
    const scale = parseFloat(old.style.width) / width(old);
    svg.style.width = `${width(svg) * scale}px`;
    svg.style.height = `${svg.viewBox.baseVal.height * scale}px`;
  }
  view.replaceChildren(svg);
  for (const part of [".bar .summary", ".key", "details > pre"]) inside.querySelector(part).replaceWith(fresh.querySelector(part));
}

// The outcome of a choice, put together from what combinations.py has stored.
export function stored(data, { network, off }) {
  const { rules, choices } = data.networks[network];
  const at = rules.reduce((number, op) => 2 * number + (off.includes(op) ? 0 : 1), 0);
  const outcome = { ...data.outcomes[choices[at]] };
  for (const name of Object.keys(DRAWN)) {
    if (outcome[name]) outcome[name] = outcome[name].map((piece) => data.pieces[piece]).join("");
  }
  return outcome;
}

// `#name?network=…&off=…`, or null where the address tells of something else.
function fromAddress(name) {
  const [whose, said] = location.hash.slice(1).split("?");
  if (whose !== name || said === undefined) return null;
  const found = new URLSearchParams(said);
  return { network: found.get("network") ?? "", off: (found.get("off") ?? "").split(",") };
}

export function showStored(name) {
  const place = document.getElementById(name);
  const data = JSON.parse(document.getElementById(`${name}-data`).textContent);
  const toAddress = ({ network, off }) => {
    history.replaceState(history.state, "", `#${name}?${new URLSearchParams({ network, off: off.join(",") })}`);
  };
  const explorer = mount(place, data, (chosen) => explorer.show(stored(data, chosen), chosen), toAddress);
  const follow = () => {
    const linked = fromAddress(name);
    if (!linked) return;
    explorer.choose(linked);
    place.scrollIntoView();
  };
  explorer.choose(data.chosen);
  follow();
  addEventListener("hashchange", follow);
}

function render({ model, el }) {
  const place = element("div");
  el.append(place);
  const data = { rules: model.get("rules"), networks: model.get("networks") };
  const explorer = mount(place, data, (chosen) => {
    model.set("chosen", chosen);
    model.save_changes();
  });
  const listened = {
    "change:outcome": () => explorer.show(model.get("outcome"), model.get("outcome").chosen),
    // Another view of the same widget has asked.
    "change:chosen": () => explorer.choose(model.get("chosen")),
  };
  explorer.choose(model.get("chosen"));
  listened["change:outcome"]();
  for (const [event, listener] of Object.entries(listened)) model.on(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(listened)) model.off(event, listener);
  };
}

export default { render };
