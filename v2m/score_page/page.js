"use strict";
(() => {
  // In a frame of another page there are the summary and the lanes, and the page around is told how high they are.
  const framed = window.parent !== window;
  const tell = (what) => { if (framed) window.parent.postMessage(what, "*"); };
  if (framed) {
    document.documentElement.classList.add("framed");
    new ResizeObserver(() => tell({ height: document.body.offsetHeight })).observe(document.body);
  }
  const view = document.querySelector(".view");
  if (!view) return;
  const inner = view.querySelector(".inner");
  const section = view.closest(".time");
  const duration = parseFloat(section.style.getPropertyValue("--d"));
  const zooms = [...section.querySelectorAll(".zoom input")];
  const marks = [...view.querySelectorAll(".mark")];
  const cursor = view.querySelector(".cursor");
  const timeOf = (mark) => parseFloat(mark.style.getPropertyValue("--t"));
  const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(2).padStart(5, "0")}`;

  // Zooming keeps an instant where it is on the screen: the one under the pointer, or the middle.
  let width = inner.clientWidth;
  let heldPx = null;
  const keepInPlace = () => {
    const at = heldPx ?? view.clientWidth / 2;
    const share = (view.scrollLeft + at) / width;
    width = inner.clientWidth;
    view.scrollLeft = share * width - at;
    heldPx = null;
  };
  zooms.forEach((zoom) => zoom.addEventListener("change", keepInPlace));
  window.addEventListener("resize", () => { width = inner.clientWidth; });
  const zoomBy = (steps, atPx = null) => {
    const now = zooms.findIndex((zoom) => zoom.checked);
    const next = Math.min(Math.max(now + steps, 0), zooms.length - 1);
    if (next === now) return;
    heldPx = atPx;
    zooms[next].checked = true;
    keepInPlace();
  };
  let wheeled = 0;
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    wheeled += event.deltaY;
    if (Math.abs(wheeled) < 40) return;
    zoomBy(wheeled < 0 ? 1 : -1, event.clientX - view.getBoundingClientRect().left);
    wheeled = 0;
  }, { passive: false });

  // What the curves say at the cursor: their points are seconds and heights, 96 the lowest of the scale.
  const curves = [...view.querySelectorAll("path[data-name]")].map((path) => ({
    reads: path.closest(".lane").querySelector(".reads"),
    name: path.dataset.name,
    unit: path.dataset.unit,
    low: Number(path.dataset.low),
    high: Number(path.dataset.high),
    points: path.getAttribute("d").split(/[ML]/).slice(1).map((pair) => pair.split(/[ h]/).map(Number)),
  }));
  const valueAt = (curve, second) => {
    let low = 0;
    let high = curve.points.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (curve.points[middle][0] <= second) low = middle; else high = middle - 1;
    }
    const here = curve.points[low];
    const next = curve.points[Math.min(low + 1, curve.points.length - 1)];
    const point = Math.abs(next[0] - second) < Math.abs(here[0] - second) ? next : here;
    return curve.low + ((96 - point[1]) / 92) * (curve.high - curve.low);
  };
  const say = (curve, value) => {
    const [shown, unit] = curve.unit === "s" ? [(1000 * value).toFixed(0), "ms"] : [value.toFixed(2), curve.unit];
    return `${curve.name} ${shown.replace("-", "−")}${unit && " " + unit}`;
  };
  const read = (second) => {
    const lines = new Map(curves.map((curve) => [curve.reads, []]));
    curves.forEach((curve) => lines.get(curve.reads).push(say(curve, valueAt(curve, second))));
    lines.forEach((said, reads) => { reads.textContent = `${clock(second)}: ${said.join(", ")}`; });
    cursor.style.setProperty("--t", second);
    cursor.hidden = false;
  };
  let pointerX = null;
  const silence = () => {
    pointerX = null;
    cursor.hidden = true;
    curves.forEach((curve) => { curve.reads.textContent = ""; });
  };
  inner.addEventListener("pointermove", (event) => {
    // Once a frame is enough, however often the pointer tells.
    if (pointerX === null) requestAnimationFrame(() => {
      const box = inner.getBoundingClientRect();
      if (pointerX !== null) read(Math.min(Math.max((pointerX - box.left) / box.width, 0), 1) * duration);
      pointerX = null;
    });
    pointerX = event.clientX;
  });
  inner.addEventListener("pointerleave", silence);

  // A player around the frame and the lanes share a clock.
  inner.addEventListener("click", (event) => {
    const box = inner.getBoundingClientRect();
    tell({ seek: ((event.clientX - box.left) / box.width) * duration });
  });
  window.addEventListener("message", (event) => {
    if (framed && event.source === window.parent && Number.isFinite(event.data && event.data.second)) read(event.data.second);
  });

  // One mark of a lane is reached by Tab, the others by the arrows.
  const goTo = (mark) => {
    mark.parentElement.querySelectorAll(".mark").forEach((other) => { other.tabIndex = other === mark ? 0 : -1; });
    view.scrollLeft = (timeOf(mark) / duration) * inner.clientWidth - view.clientWidth / 2;
    mark.focus({ preventScroll: true });
    mark.scrollIntoView({ block: "nearest", inline: "nearest" });
    read(timeOf(mark));
  };
  view.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "=") zoomBy(1);
    else if (event.key === "-") zoomBy(-1);
    else if (event.key === "0") zoomBy(-zooms.length);
    else if (event.target.classList.contains("mark")) {
      const lane = [...event.target.parentElement.querySelectorAll(".mark")];
      const here = lane.indexOf(event.target);
      const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: lane.length - 1 }[event.key];
      if (to === undefined || !lane[to]) return;
      goTo(lane[to]);
    } else return;
    event.preventDefault();
  });

  const button = section.querySelector(".miss");
  const missed = marks.filter((mark) => mark.classList.contains("missed"));
  button.hidden = !missed.length;
  let nth = -1;
  button.addEventListener("click", () => {
    nth = (nth + 1) % missed.length;
    goTo(missed[nth]);
  });
})();
