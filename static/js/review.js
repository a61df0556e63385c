/* Says beside the return button which single cells are marked. The page works without it. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector("[data-returned]");
  if (!place) return;
  const whole = place.textContent;
  const fields = [...document.querySelectorAll("[data-returned-item]")];
  const say = () => {
    const marked = fields.filter((field) => field.value.trim()).map((field) => field.dataset.returnedItem);
    place.textContent = marked.length ? `将只退回 ${marked.length} 项：${marked.join("、")}。其余指标保持锁定。` : whole;
  };
  fields.forEach((field) => field.addEventListener("input", say));
  document.querySelectorAll(".cell-remark").forEach((details) =>
    details.addEventListener("toggle", () => details.open && details.querySelector("input").focus()),
  );
  say();
});
