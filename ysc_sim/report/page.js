"use strict";
(function () {
  var root = document.documentElement;

  function remember(key, value) {
    try { localStorage.setItem("ysc-" + key, value); } catch (error) { /* a page from disk may not remember */ }
  }
  function remembered(key) {
    try { return localStorage.getItem("ysc-" + key); } catch (error) { return null; }
  }

  function speak(lang) {
    root.lang = lang;
    document.title = root.getAttribute("data-title-" + lang);
    document.querySelectorAll("[data-says]").forEach(function (element) {
      var attribute = element.getAttribute("data-says");
      element.setAttribute(attribute, element.getAttribute("data-" + attribute + "-" + lang));
    });
    document.querySelectorAll("button[data-lang]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-lang") === lang));
    });
  }
  document.querySelectorAll("button[data-lang]").forEach(function (button) {
    button.addEventListener("click", function () { speak(button.getAttribute("data-lang")); });
  });

  function paint(theme) {
    if (theme) { root.setAttribute("data-theme", theme); } else { root.removeAttribute("data-theme"); }
  }
  paint(remembered("theme"));
  document.getElementById("theme").addEventListener("click", function () {
    var dark = root.getAttribute("data-theme") === "dark" ||
      (!root.hasAttribute("data-theme") && matchMedia("(prefers-color-scheme: dark)").matches);
    paint(dark ? "light" : "dark");
    remember("theme", dark ? "light" : "dark");
  });

  /* Values under the pointer, shown in the key of the figure. */
  function clock(told, index) { return moment_of(told.zone, told.start + told.step * index, told.step >= 86400); }
  function moment_of(zone, seconds, whole) {
    var shift = 0;
    var offset = /^([+-])(\d\d):(\d\d)$/.exec(zone);
    if (offset) {
      shift = (offset[1] === "-" ? -60 : 60) * (Number(offset[2]) * 60 + Number(offset[3]));
      zone = "UTC";
    }
    var options = { timeZone: zone, weekday: "short", month: "short", day: "numeric" };
    if (!whole) { options.hour = "2-digit"; options.minute = "2-digit"; options.hourCycle = "h23"; }
    var moment = new Date((seconds + shift) * 1000);
    return new Intl.DateTimeFormat(root.lang === "ja" ? "ja-JP" : "en-GB", options).format(moment);
  }
  function shown(value) {
    if (value === null) { return "–"; }
    var size = Math.abs(value);
    return value.toLocaleString("en", { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2 });
  }
  document.querySelectorAll(".chart[data-told]").forEach(function (chart) {
    var told = JSON.parse(chart.getAttribute("data-told"));
    var plot = chart.querySelector(".plot"), hair = chart.querySelector(".hair");
    var outputs = chart.querySelectorAll("output"), when = chart.querySelector(".when");
    var count = told.values.length ? told.values[0].length : 0;
    function tell(event) {
      var box = plot.getBoundingClientRect();
      var share = (event.clientX - box.left) / box.width;
      var index = Math.min(count - 1, Math.max(0, Math.floor(share * count)));
      if (!count) { return; }
      hair.style.left = (index + 0.5) / count * 100 + "%";
      chart.classList.add("told");
      when.textContent = clock(told, index);
      outputs.forEach(function (output, number) { output.textContent = shown(told.values[number][index]); });
    }
    plot.addEventListener("pointermove", tell);
    plot.addEventListener("pointerdown", tell);
    plot.addEventListener("pointerleave", function () {
      chart.classList.remove("told");
      when.textContent = "";
      outputs.forEach(function (output) { output.textContent = ""; });
    });
  });

  /* The map of the network: a slider for the time, a word on what is touched. */
  function colour_of(data, number, value) {
    if (value < 0) { return "none"; }
    var wire = number >= data.buses, count = 0;
    data.steps[wire ? 1 : 0].forEach(function (bound) { if (value > bound) { count += 1; } });
    return (wire ? "w" : "v") + count;
  }
  function extremes(values) {
    var known = values.filter(function (value) { return value >= 0; });
    return known.length ? [Math.min.apply(null, known), Math.max.apply(null, known)] : null;
  }
  document.querySelectorAll(".map[data-map]").forEach(function (map) {
    var data = JSON.parse(map.getAttribute("data-map")), slider = map.querySelector("input");
    var parts = Array.prototype.slice.call(map.querySelectorAll(".net path")), picked = map.querySelector(".picked");
    function write(kind, text) {
      map.querySelectorAll(".now ." + kind).forEach(function (place) { place.textContent = text; });
    }
    function draw() {
      var step = Number(slider.value), values = data.values[step];
      parts.forEach(function (part) {
        var number = Number(part.getAttribute("data-n")), kind = part.getAttribute("class").replace(/ \S+$/, "");
        part.setAttribute("class", kind + " " + colour_of(data, number, values[number]));
      });
      var volts = extremes(values.slice(0, data.buses)), loads = extremes(values.slice(data.buses));
      var when = moment_of(data.zone, data.times[step], false);
      write("when", when);
      write("low", volts ? (volts[0] / 100).toFixed(1) + " %" : "–");
      write("high", volts ? (volts[1] / 100).toFixed(1) + " %" : "–");
      write("load", loads ? (loads[1] / 10).toFixed(0) + " %" : "–");
      slider.setAttribute("aria-valuetext", when);
      picked.textContent = "\u00a0";
    }
    slider.addEventListener("input", draw);
    map.querySelector(".net").addEventListener("pointerover", function (event) {
      var number = event.target.getAttribute("data-n");
      if (number === null) { return; }
      var value = data.values[Number(slider.value)][Number(number)], title = event.target.querySelector("title");
      var shownValue = value < 0 ? "–" : Number(number) < data.buses ? (value / 100).toFixed(2) + " %" : (value / 10).toFixed(1) + " %";
      picked.textContent = title.textContent + ": " + shownValue;
    });
  });

  /* Where the reader is. */
  var links = {};
  document.querySelectorAll("nav a").forEach(function (link) { links[link.getAttribute("href").slice(1)] = link; });
  if ("IntersectionObserver" in window) {
    var watch = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) { return; }
        Object.keys(links).forEach(function (key) { links[key].removeAttribute("aria-current"); });
        links[entry.target.id].setAttribute("aria-current", "true");
      });
    }, { rootMargin: "-15% 0px -75% 0px" });
    document.querySelectorAll("main section").forEach(function (section) { watch.observe(section); });
  }

  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (details) { details.removeAttribute("open"); });
  });
})();
