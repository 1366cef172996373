"use strict";
(() => {
  const NS = "http://www.w3.org/2000/svg";
  const holder = document.getElementById("curves-data");
  const panels = holder ? JSON.parse(holder.textContent) : [];

  const element = (name, attributes) => {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const said = (value, percent) => {
    if (value === null) return "none";
    return percent ? `${(100 * value).toFixed(2)} %` : value.toPrecision(4);
  };

  const powers = (low, high) => {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      found.push(...[1, 2, 5].map((times) => times * 10 ** power));
    }
    return found;
  };

  const plot = (figure, panel) => {
    const svg = figure.querySelector("svg");
    const field = figure.querySelector(".field");
    const output = figure.querySelector("output");
    const lines = svg.querySelector("[data-part=lines]");
    const ticks = svg.querySelector("[data-part=ticks]");
    const plain = [...ticks.childNodes].map((node) => node.cloneNode(true));
    const text = plain.find((node) => node.nodeName === "text");
    const rule = plain.find((node) => node.nodeName === "polyline");
    const numbers = (name) => lines.dataset[name].split(" ").map(Number);
    const [left, top, right, bottom] = numbers("box");
    const [first, last] = numbers("x");
    const linear = numbers("y");
    const groups = [...lines.querySelectorAll("[data-line]")];
    const pens = groups.map((group) => {
      const drawn = group.querySelector("polyline") || group.querySelector("circle");
      return drawn ? drawn.getAttribute("class").replace("f-", "s-") : "s-ink";
    });
    const dashes = groups.map((group) => {
      const drawn = group.querySelector("polyline");
      return (drawn && drawn.getAttribute("stroke-dasharray")) || "";
    });
    const on = groups.map(() => true);
    let log = false;
    let at = null;
    const cursor = element("g", {});
    svg.append(cursor);

    const across = (x) =>
      first === last ? (left + right) / 2 : left + ((right - left) * (x - first)) / (last - first);

    const range = () => {
      if (!log) return linear;
      const values = panel.lines.flatMap((line, number) =>
        on[number] ? line.y.filter((value) => value > 0) : []);
      if (!values.length) return [0.1, 1];
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const marks = powers(low, high);
      const below = marks.filter((mark) => mark <= low).pop();
      return [below, marks.find((mark) => mark >= high && mark > below)];
    };

    const up = (value, [low, high]) => {
      const share = log
        ? Math.log(value / low) / Math.log(high / low)
        : (value - low) / (high - low);
      return bottom - (bottom - top) * share;
    };

    const drawTicks = (scale) => {
      if (!log) return ticks.replaceChildren(...plain.map((node) => node.cloneNode(true)));
      const marks = powers(...scale).filter((mark) => mark >= scale[0] && mark <= scale[1]);
      ticks.replaceChildren(...marks.flatMap((value) => {
        const y = up(value, scale);
        const line = rule.cloneNode(true);
        line.setAttribute("points", `${left},${y} ${right},${y}`);
        const label = text.cloneNode(true);
        label.setAttribute("y", y + 4);
        label.textContent = panel.percent ? `${+(100 * value).toPrecision(3)} %` : +value.toPrecision(3);
        return [line, label];
      }));
    };

    const draw = () => {
      const scale = range();
      drawTicks(scale);
      groups.forEach((group, number) => {
        group.toggleAttribute("hidden", !on[number]);
        const runs = [[]];
        panel.lines[number].y.forEach((value, index) => {
          if (value === null || (log && value <= 0)) runs.push([]);
          else runs[runs.length - 1].push(`${across(panel.x[index])},${up(value, scale)}`);
        });
        group.replaceChildren(...runs.filter((run) => run.length).map((run) => run.length > 1
          ? element("polyline", { points: run.join(" "), fill: "none", class: pens[number],
              "stroke-width": 2, "stroke-linejoin": "round", "stroke-dasharray": dashes[number] })
          : element("circle", { cx: run[0].split(",")[0], cy: run[0].split(",")[1], r: 3,
              class: pens[number].replace("s-", "f-") })));
      });
      point(at);
    };

    const point = (index) => {
      at = index;
      cursor.replaceChildren();
      if (at === null) return;
      const x = across(panel.x[at]);
      const scale = range();
      cursor.append(element("line", { x1: x, x2: x, y1: top, y2: bottom, class: "s-faint" }));
      const told = [];
      panel.lines.forEach((line, number) => {
        if (!on[number]) return;
        const value = line.y[at];
        told.push(`${line.name} ${said(value, panel.percent)}`);
        if (value === null || (log && value <= 0)) return;
        cursor.append(element("circle", { cx: x, cy: up(value, scale), r: 4,
          class: pens[number].replace("s-", "f-") }));
      });
      output.textContent = `epoch ${panel.x[at]}: ${told.join(", ")}`;
    };

    field.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      const share = (x - left) / (right - left || 1);
      const index = Math.round(share * (panel.x.length - 1));
      point(Math.max(0, Math.min(panel.x.length - 1, index)));
    });
    field.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const from = at === null ? (step > 0 ? -1 : panel.x.length) : at;
      point(Math.max(0, Math.min(panel.x.length - 1, from + step)));
    });
    figure.querySelectorAll("button").forEach((button) => {
      button.disabled = false;
      button.hidden = false;
      button.addEventListener("click", () => {
        const pressed = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", pressed);
        if (button.classList.contains("log")) log = pressed;
        else on[Number(button.dataset.line)] = pressed;
        draw();
      });
    });
  };

  document.querySelectorAll("figure[data-panel]").forEach((figure) => {
    plot(figure, panels[Number(figure.dataset.panel)]);
  });

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));
})();
