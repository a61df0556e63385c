/* Draws every [data-chart] element from the JSON beside it (templates/includes/chart.html, shapes in docs/pages.md).
   Readable in greyscale: series differ in dash and symbol, provisional values are hollow or hatched. */
"use strict";

(() => {
  const INK = "#1f2937";
  const MUTED = "#566072";
  const ACTUAL = "#1456a8";
  const REQUIRED = "#b45309";
  const BESIDE = "#7fa3cf";
  const FORESEEN = "#6d28d9";
  const NARROW = 420;
  // Single quotes: the picture of ECharts writes the name into an attribute as it is.
  const FONT = getComputedStyle(document.body).fontFamily.replaceAll("\"", "'");
  const HATCH = { symbol: "rect", rotation: Math.PI / 4, dashArrayX: [1, 0], dashArrayY: [2, 3], color: "rgba(255,255,255,.75)" };

  // Half up like the filters in figures.py: through the decimal notation, because 1.005 * 100 is not 100.5.
  const written = (value, decimals) => {
    if (value === null || value === undefined || value === "") return "—";
    const size = Math.abs(Number(value));
    const rounded = size < 1e-6 ? 0 : Number(`${Math.round(Number(`${size}e${decimals}`))}e-${decimals}`);
    const sign = Number(value) < 0 && rounded > 0 ? "−" : "";
    return sign + rounded.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  };
  const signed = (value, decimals) => (Number(value) > 0 && written(value, decimals).match(/[1-9]/) ? "+" : "") + written(value, decimals);
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
        const interval = item.data?.interval?.map((end) => written(end, decimalsOf(chart))).join(" 至 ");
        const beside = [item.data?.provisional ? "暂定" : "", interval ?? "", item.data?.share ?? ""].filter(Boolean).join("，");
        return `${item.seriesName}：${value}${beside ? `（${beside}）` : ""}`;
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
      data: [...marks, ...intervals(chart, "low", "high", ACTUAL, 2)],
    };
    const series = [actual, required];
    if (chart.has_forecast) series.push(foreseen(chart));
    return {
      ...frame(chart),
      xAxis: categories(chart.points.map((point) => String(point.year))),
      yAxis: { ...values(), ...closeScale(chart) },
      series,
    };
  };

  const intervals = (chart, low, high, color, width) =>
    chart.points
      .filter((point) => numberOrGap(point[low]) !== null && numberOrGap(point[high]) !== null)
      .map((point) => [
        { coord: [String(point.year), point[low]], label: { show: false }, lineStyle: { type: "solid", color, width } },
        { coord: [String(point.year), point[high]] },
      ]);

  const foreseen = (chart) => {
    const points = chart.points.map((point) => ({
      value: numberOrGap(point.forecast),
      interval: numberOrGap(point.forecast_low) === null ? null : [point.forecast_low, point.forecast_high],
    }));
    const found = line("年末预测", FORESEEN, "dotted", "triangle", points);
    found.markLine = { silent: true, symbol: "none", data: intervals(chart, "forecast_low", "forecast_high", "rgba(109,40,217,.35)", 7) };
    return { ...found, z: 4 };
  };

  // Ticks close around all values, base and target lines included, in steps of 1, 2 or 5.
  const closeScale = (chart) => {
    const shown = [chart.base, chart.target, ...chart.points.flatMap((point) => [point.actual, point.required, point.low, point.high, point.forecast, point.forecast_low, point.forecast_high])]
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

  const share = (point, name) => (numberOrGap(point[name]) === null ? undefined : `${written(point[name] * 100, 1)} %`);
  const barLabel = (chart, item, width) => {
    if (item.value === null || item.value === undefined) return "";
    if (item.data.share && width < NARROW) return item.data.share;
    return written(item.value, decimalsOf(chart)) + (item.data.share ? `（${item.data.share}）` : "");
  };

  const bar = (chart, width, name, color, value, provisional, shareName) => ({
    name,
    type: "bar",
    color,
    barMaxWidth: chart.horizontal ? 18 : 40,
    label: {
      show: chart.horizontal || width / chart.points.length > (chart.beside ? 104 : 52),
      position: chart.horizontal ? "right" : "top",
      color: INK,
      formatter: (item) => barLabel(chart, item, width),
    },
    data: chart.points.map((point) => ({
      value: numberOrGap(point[value]),
      provisional: Boolean(point[provisional]),
      share: share(point, shareName),
      itemStyle: point[provisional] ? { decal: HATCH, borderColor: color, borderWidth: 1 } : {},
    })),
  });

  const bars = (chart, width) => {
    const names = categories(chart.points.map((point) => point.label));
    const series = [bar(chart, width, chart.series ?? "数值", ACTUAL, "value", "provisional", "share")];
    if (chart.beside) series.push(bar(chart, width, chart.beside, BESIDE, "beside", "beside_provisional", "beside_share"));
    if (chart.line_at) series[0].markLine = deadline(chart);
    const option = { ...frame(chart), series };
    if (!chart.beside) option.legend = { show: false };
    option.tooltip.axisPointer = { type: "shadow" };
    return chart.horizontal ? lying(option, names, width) : standing(option, names, chart.beside ? 44 : 20, width);
  };

  const deadline = (chart) => ({
    silent: true,
    symbol: "none",
    lineStyle: { type: "dashed", color: REQUIRED, width: 1.5 },
    label: { formatter: chart.line_label, color: INK, position: "insideEndTop", rotate: 0, align: "right", distance: 4 },
    data: [{ xAxis: chart.line_at }],
  });

  const standing = (option, names, top, width) => {
    option.grid.top = top;
    const room = (width - 60) / names.data.length;
    // Years need 32 px: where there are less, every second one is written.
    const labels = room < 32 ? { interval: 1, width: 2 * room } : { interval: 0, width: room };
    Object.assign(names.axisLabel, { ...labels, overflow: "break", lineHeight: 14 });
    return { ...option, xAxis: names, yAxis: values() };
  };

  const lying = (option, names, width) => {
    const hasShares = option.series[0].data.some((point) => point.share);
    Object.assign(option.grid, { top: option.series.length > 1 ? 36 : 4, right: hasShares && width >= NARROW ? 120 : 72 });
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

  // From nothing, step by step, to the whole change: zero is always on the axis. Of a step that crosses zero one part
  // stands above and one below; bars of one sign stack on each other.
  const waterfall = (chart, width) => {
    let reached = 0;
    const steps = chart.points.map((point) => ({ ...point, from: reached, to: (reached += Number(point.value)) }));
    steps.push({ label: chart.total_label, value: chart.total, from: 0, to: Number(chart.total), isTotal: true });
    const [above, below] = [steps.map(aboveZero), steps.map((step) => aboveZero({ from: -step.from, to: -step.to }))];
    // The bars of a narrow picture have no room for decimals; the table below has them.
    const decimals = width < NARROW && Math.abs(chart.total) >= 100 ? 0 : decimalsOf(chart);
    const hidden = (name, lengths) => ({ name, type: "bar", stack: "steps", silent: true, itemStyle: { color: "transparent" }, data: lengths });
    const shown = (name, lengths, position, isLabelled) => ({
      name,
      type: "bar",
      stack: "steps",
      barMaxWidth: 48,
      data: steps.map((step, index) => ({
        value: lengths[index],
        itemStyle: { color: stepColor(step), ...(step.value > 0 && !step.isTotal ? { decal: HATCH } : {}) },
        label: { show: isLabelled(index), position, color: INK, fontSize: width < NARROW ? 10 : 12, formatter: signed(step.value, decimals) },
      })),
    });
    const names = categories(steps.map((step) => step.label));
    Object.assign(names.axisLabel, { interval: 0, fontSize: width < NARROW ? 10 : 12, width: (width - 60) / steps.length, overflow: "break", lineHeight: 14 });
    Object.assign(names.axisLine, { onZero: false, show: false });
    const option = frame(chart);
    option.legend = { show: false };
    option.grid.top = 24;
    option.tooltip.axisPointer = { type: "shadow" };
    option.tooltip.formatter = (items) => `${steps[items[0].dataIndex].label}：${signed(steps[items[0].dataIndex].value, decimalsOf(chart))} ${chart.unit}`;
    const isAbove = (index) => above[index].length > 0 || below[index].length === 0;
    return {
      ...option,
      xAxis: names,
      // Room for the figures above and below.
      yAxis: { ...values(), boundaryGap: ["18%", "18%"] },
      series: [
        hidden("上起", above.map((part) => part.start)),
        shown("上", above.map((part) => part.length), "top", isAbove),
        hidden("下起", below.map((part) => -part.start)),
        shown("下", below.map((part) => -part.length), "bottom", (index) => !isAbove(index)),
      ],
    };
  };

  const aboveZero = (step) => {
    const [low, high] = [Math.max(0, Math.min(step.from, step.to)), Math.max(0, step.from, step.to)];
    return { start: low, length: high - low };
  };
  const stepColor = (step) => (step.isTotal ? "#4b5563" : step.value > 0 ? REQUIRED : ACTUAL);

  const kinds = { path, bars, trend, waterfall };

  const draw = (element) => {
    const chart = JSON.parse(document.getElementById(element.dataset.source).textContent);
    element.hidden = false;
    if (chart.horizontal) element.style.height = `${Math.max(6, chart.points.length * (chart.beside ? 3 : 2) + (chart.beside ? 4 : 2))}rem`;
    const drawing = echarts.init(element, null, { renderer: "canvas" });
    new ResizeObserver(() => {
      drawing.resize();
      drawing.setOption(kinds[element.dataset.chart](chart, element.clientWidth));
    }).observe(element);
    element.closest(".chart").querySelectorAll("[data-chart-download]").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => downloads[button.dataset.chartDownload](element, chart));
    });
  };

  // The picture must speak for itself once it has left the page: title, unit, basis, date, and 演示数据 where it is.
  const framed = (element, chart) => {
    const [width, height] = [Math.max(640, element.clientWidth), element.clientHeight];
    const drawing = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
    drawing.setOption({ ...kinds[element.dataset.chart](chart, width), animation: false });
    const picture = drawing.renderToSVGString();
    drawing.dispose();
    const title = element.dataset.title + (chart.unit ? `，单位：${chart.unit}` : "");
    const foot = [element.dataset.basis, `制图日期：${new Date().toLocaleDateString("sv-SE")}`, document.body.dataset.demo].filter(Boolean);
    const words = (text, y, size, color, weight) => `<text x="16" y="${y}" font-size="${size}" font-weight="${weight}" fill="${color}" font-family="${escaped(FONT)}">${escaped(text)}</text>`;
    const lines = foot.map((text, index) => words(text, height + 62 + index * 18, 11, MUTED, 400));
    const [wide, high] = [width + 32, height + 60 + foot.length * 18];
    return {
      width: wide,
      height: high,
      svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}"><title>${escaped(title)}</title><rect width="100%" height="100%" fill="#fff"/>${words(title, 28, 15, INK, 600)}<g transform="translate(16 42)">${picture}</g>${lines.join("")}</svg>`,
    };
  };
  const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

  const downloads = {
    svg: (element, chart) => save(new Blob([framed(element, chart).svg], { type: "image/svg+xml" }), `${element.dataset.title}.svg`),
    png: async (element, chart) => {
      const { svg, width, height } = framed(element, chart);
      const image = new Image();
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width * 2, height * 2];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(blob, `${element.dataset.title}.png`));
    },
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
