/* Draws every [data-chart] element from the JSON beside it (templates/includes/chart.html, shapes in docs/pages.md).
   Readable in greyscale: series differ in dash and symbol, provisional values are hollow or hatched. */
"use strict";

(() => {
  const INK = "#1f2937";
  const MUTED = "#566072";
  const ACTUAL = "#1456a8";
  const REQUIRED = "#b45309";
  const BESIDE = "#7fa3cf";
  const FONT = getComputedStyle(document.body).fontFamily;
  const HATCH = { symbol: "rect", rotation: Math.PI / 4, dashArrayX: [1, 0], dashArrayY: [2, 3], color: "rgba(255,255,255,.75)" };

  // Half up like the filters in figures.py: through the decimal notation, because 1.005 * 100 is not 100.5.
  const written = (value, decimals) => {
    if (value === null || value === undefined || value === "") return "—";
    const size = Math.abs(Number(value));
    const rounded = size < 1e-6 ? 0 : Number(`${Math.round(Number(`${size}e${decimals}`))}e-${decimals}`);
    const sign = Number(value) < 0 && rounded > 0 ? "−" : "";
    return sign + rounded.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  };
  const numberOrGap = (value) => (value === null || value === undefined || value === "" ? null : Number(value));
  const decimalsOf = (chart) => chart.decimals ?? 2;

  const frame = (chart) => ({
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    aria: { enabled: true, label: { enabled: false }, decal: { show: false } },
    textStyle: { fontFamily: FONT, color: INK },
    grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, itemGap: 16, itemWidth: 28, textStyle: { color: INK } },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: "#fff",
      borderColor: "#8a94a3",
      textStyle: { color: INK },
      axisPointer: { type: "line" },
      formatter: (items) => tooltip(items, chart),
    },
  });

  const tooltip = (items, chart) => {
    const lines = items
      .filter((item) => item.seriesName)
      .map((item) => {
        const value = item.value === null || item.value === undefined ? "—" : `${written(item.value, decimalsOf(chart))} ${chart.unit ?? ""}`;
        return `${item.seriesName}：${value}${item.data?.provisional ? "（暂定）" : ""}`;
      });
    return [items[0].axisValueLabel ?? items[0].name, ...lines].join("\n");
  };

  const categories = (names) => ({
    type: "category",
    data: names,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: "#8a94a3" } },
    axisLabel: { color: MUTED },
  });
  const values = () => ({
    type: "value",
    axisLabel: { color: MUTED, hideOverlap: true, formatter: (value) => value.toLocaleString("en-US").replace("-", "−") },
    splitLine: { lineStyle: { color: "#e5e8ec" } },
    splitNumber: 4,
  });

  const line = (name, color, dash, symbol, data) => ({
    name,
    type: "line",
    color,
    data,
    symbol,
    symbolSize: 8,
    showSymbol: true,
    showAllSymbol: true,
    connectNulls: false,
    lineStyle: { type: dash, width: 2, color },
  });

  const hollow = (point, value, color) => ({
    value,
    provisional: Boolean(point.provisional),
    itemStyle: point.provisional ? { color: "#fff", borderColor: color, borderWidth: 2 } : { color },
  });

  const path = (chart) => {
    const mark = (value, words, position) => ({
      yAxis: Number(value),
      label: { position, color: MUTED, formatter: `${words} ${written(value, decimalsOf(chart))}` },
    });
    const marks = [];
    if (numberOrGap(chart.base) !== null) marks.push(mark(chart.base, `${chart.base_year}年基数`, "insideEndTop"));
    if (numberOrGap(chart.target) !== null) marks.push(mark(chart.target, `${chart.target_year}年目标`, "insideStartBottom"));
    const actual = line("实际值", ACTUAL, "solid", "circle", chart.points.map((point) => hollow(point, numberOrGap(point.actual), ACTUAL)));
    const required = line("要求路径", REQUIRED, "dashed", "diamond", chart.points.map((point) => numberOrGap(point.required)));
    actual.z = 3;
    actual.markLine = {
      silent: true,
      symbol: "none",
      lineStyle: { type: "dotted", color: MUTED, width: 1.5 },
      data: marks,
    };
    return {
      ...frame(chart),
      xAxis: categories(chart.points.map((point) => String(point.year))),
      yAxis: { ...values(), ...closeScale(chart) },
      series: [actual, required],
    };
  };

  // Ticks close around all values, base and target lines included, in steps of 1, 2 or 5.
  const closeScale = (chart) => {
    const shown = [chart.base, chart.target, ...chart.points.flatMap((point) => [point.actual, point.required])]
      .map(numberOrGap)
      .filter((value) => value !== null);
    if (!shown.length) return {};
    const low = Math.min(...shown);
    const span = Math.max(...shown) - low || Math.abs(low) || 1;
    const power = 10 ** Math.floor(Math.log10(span / 4));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= span / 4);
    const tick = (value, round) => Number((round(value / step) * step).toPrecision(12));
    return { min: tick(low - span * 0.1, Math.floor), max: tick(low + span * 1.1, Math.ceil), interval: step };
  };

  const bar = (chart, width, name, color, value, provisional) => ({
    name,
    type: "bar",
    color,
    barMaxWidth: chart.horizontal ? 18 : 40,
    label: {
      show: chart.horizontal || width / chart.points.length > (chart.beside ? 104 : 52),
      position: chart.horizontal ? "right" : "top",
      color: INK,
      formatter: (item) => written(item.value, decimalsOf(chart)),
    },
    data: chart.points.map((point) => ({
      value: numberOrGap(point[value]),
      provisional: Boolean(point[provisional]),
      itemStyle: point[provisional] ? { decal: HATCH, borderColor: color, borderWidth: 1 } : {},
    })),
  });

  const bars = (chart, width) => {
    const names = categories(chart.points.map((point) => point.label));
    const series = [bar(chart, width, chart.series ?? "数值", ACTUAL, "value", "provisional")];
    if (chart.beside) series.push(bar(chart, width, chart.beside, BESIDE, "beside", "beside_provisional"));
    const option = { ...frame(chart), series };
    if (!chart.beside) option.legend = { show: false };
    option.tooltip.axisPointer = { type: "shadow" };
    return chart.horizontal ? lying(option, names, width) : standing(option, names, chart.beside ? 44 : 20, width);
  };

  const standing = (option, names, top, width) => {
    option.grid.top = top;
    Object.assign(names.axisLabel, { interval: 0, width: (width - 60) / names.data.length, overflow: "break", lineHeight: 14 });
    return { ...option, xAxis: names, yAxis: values() };
  };

  const lying = (option, names, width) => {
    Object.assign(option.grid, { top: 4, right: 72 });
    Object.assign(names.axisLabel, { width: Math.min(200, width * 0.35), overflow: "break", lineHeight: 14 });
    return { ...option, xAxis: { ...values(), splitNumber: width < 500 ? 2 : 4 }, yAxis: { ...names, inverse: true } };
  };

  const trend = (chart) => ({
    ...frame(chart),
    xAxis: categories(chart.points.map((point) => `${point.month}月`)),
    yAxis: values(),
    series: [
      line(chart.this_label, ACTUAL, "solid", "circle", chart.points.map((point) => hollow(point, numberOrGap(point.this), ACTUAL))),
      line(chart.last_label, "#6b7280", "dashed", "triangle", chart.points.map((point) => numberOrGap(point.last))),
    ],
  });

  const kinds = { path, bars, trend };

  const draw = (element) => {
    const chart = JSON.parse(document.getElementById(element.dataset.source).textContent);
    element.hidden = false;
    if (chart.horizontal) element.style.height = `${Math.max(6, chart.points.length * 2 + 2)}rem`;
    const drawing = echarts.init(element, null, { renderer: "canvas" });
    new ResizeObserver(() => {
      drawing.resize();
      drawing.setOption(kinds[element.dataset.chart](chart, element.clientWidth));
    }).observe(element);
    const button = document.querySelector(`[data-chart-download="${element.closest(".chart").id}"]`);
    button.hidden = false;
    button.addEventListener("click", () => download(drawing, element, chart));
  };

  const picture = async (drawing) => {
    const image = new Image();
    image.src = drawing.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: "#fff" });
    await image.decode();
    return image;
  };

  // The picture must speak for itself once it has left the page: title, unit, basis, date, and 演示数据 where it is.
  const download = async (drawing, element, chart) => {
    const image = await picture(drawing);
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const foot = [element.dataset.basis, `制图日期：${new Date().toLocaleDateString("sv-SE")}`, document.body.dataset.demo].filter(Boolean);
    canvas.width = image.width + 64;
    canvas.height = image.height + 120 + foot.length * 34;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = INK;
    pen.font = `600 30px ${FONT}`;
    pen.fillText(element.dataset.title + (chart.unit ? `（${chart.unit}）` : ""), 32, 56, canvas.width - 64);
    pen.drawImage(image, 32, 84);
    pen.fillStyle = MUTED;
    pen.font = `22px ${FONT}`;
    foot.forEach((words, index) => pen.fillText(words, 32, image.height + 124 + index * 34, canvas.width - 64));
    canvas.toBlob((blob) => save(blob, `${element.dataset.title}.png`));
  };

  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  document.querySelectorAll("[data-chart]").forEach(draw);
  document.addEventListener("htmx:load", (event) => {
    const undrawn = [...event.target.querySelectorAll("[data-chart]")].filter((element) => element.hidden);
    undrawn.forEach(draw);
  });
})();
