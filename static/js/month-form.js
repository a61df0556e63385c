/* The month's form: each cell is saved as it is left. Without this script the form is sent as a whole. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-month-form]");
  if (!form) return;
  const rows = new Map([...form.querySelectorAll("tr[data-item]")].map((row) => [row.dataset.item, row]));
  const csrf = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const fieldsOf = (row) => [...row.querySelectorAll("td input[name], td select[name]")].filter((field) => !field.dataset.rule);
  const typed = (row) => Object.fromEntries(fieldsOf(row).map((field) => [field.name, field.value]));
  const rowOf = (node) => {
    const place = node.closest("tr")?.dataset;
    return rows.get(place?.item ?? place?.saidOf);
  };
  const quantityOf = (row) => row.querySelector("[name^='quantity-']");
  const draft = new Map([...rows].map(([code, row]) => [code, JSON.stringify(typed(row))]));
  const saveState = form.querySelector("[data-save-state]");
  let isLocked = false;

  form.querySelectorAll("[data-without-script]").forEach((node) => node.remove());
  form.querySelectorAll("[data-with-script]").forEach((node) => (node.hidden = false));

  const post = async (address, fields) => {
    const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: csrf });
    try {
      const answer = await fetch(address, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
      if (answer.redirected) return { status: 401 };
      const isJson = answer.headers.get("content-type")?.includes("json");
      return { status: answer.status, answer: isJson ? await answer.json() : await answer.text() };
    } catch {
      return { status: 0 };
    }
  };

  /* The state of a row in words; `kind` colours it. */
  const state = (row, kind, words) => {
    const place = row.querySelector("[data-state]");
    place.className = `cell-state cell-state-${kind}`;
    place.textContent = words;
    row.classList.toggle("has-errors", kind === "bad");
  };
  const unstored = () => [...rows.values()].filter((row) => row.querySelector(".cell-state-bad, .cell-state-warn, .conflict"));

  const fill = (row, cell) => {
    row.dataset.token = cell.token;
    for (const [name, text] of Object.entries(cell.fields)) {
      const field = row.querySelector(`[name='${name}']`);
      if (field) field.value = text;
    }
    draft.set(row.dataset.item, JSON.stringify(typed(row)));
    showPrice(row);
  };

  /* Whether something typed there is not on its way yet. */
  const isBusy = (row) => queue.cells[row.dataset.item] || JSON.stringify(typed(row)) !== draft.get(row.dataset.item);
  const remember = (row, token) => {
    row.dataset.token = token;
    const later = queue.cells[row.dataset.item];
    if (later) later.seen = token;
  };

  const asks = (row, answer) => {
    state(row, "warn", "");
    const box = document.createElement("div");
    box.className = "conflict";
    box.setAttribute("role", "alert");
    const sentence = document.createElement("p");
    sentence.textContent = `没有覆盖：${answer.sentence}。`;
    const mine = button("保留我填的", () => {
      box.remove();
      row.dataset.token = answer.stored.token;
      save(row);
    });
    const theirs = button("采用已保存的", () => {
      box.remove();
      queue.drop(row.dataset.item);
      fill(row, answer.stored);
      state(row, "good", "已保存");
      check();
    });
    box.append(sentence, mine, theirs);
    row.querySelector(".conflict")?.remove();
    row.querySelector(".cell-quantity").append(box);
  };
  const button = (words, act) => {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "btn btn-sm btn-outline-secondary", textContent: words, onclick: act });
    return made;
  };

  const lock = (sentence) => {
    isLocked = true;
    form.querySelectorAll("td input, td select, .month-buttons button").forEach((field) => (field.disabled = true));
    rows.forEach((row) => state(row, "locked", "已锁定"));
    saveState.textContent = `已锁定：${sentence}`;
    saveState.classList.add("is-bad");
  };

  const saved = (row, answer, cell) => {
    const before = cell.fields[`quantity-${row.dataset.item}`];
    const isNewest = JSON.stringify(typed(row)) === JSON.stringify(cell.fields);
    for (const [code, stored] of Object.entries(answer.cells)) {
      const of = rows.get(code);
      if (!of) continue;
      if (of === row ? isNewest : !isBusy(of)) fill(of, stored);
      else remember(of, stored.token);
      if (of !== row && !isBusy(of)) state(of, "good", "已保存");
    }
    const now = quantityOf(row).value;
    const isConverted = isNewest && before.trim() && /[^\d.,，．。\s-]/.test(before.normalize("NFKC")) && before !== now;
    row.dataset.converted = isConverted ? `：${before} = ${now}` : "";
    state(row, "good", `已保存 ${answer.at}${row.dataset.converted}`);
  };

  const show = (code, status, answer, cell) => {
    const row = rows.get(code);
    if (!row) return queue.drop(code);
    if (status === "saving") state(row, "busy", "保存中");
    else if (status === 200) saved(row, answer, cell);
    else if (status === 409) asks(row, answer);
    else if (status === 422) state(row, "bad", `有错误，没有保存：${Object.values(answer.sentences).join(" ")}`);
    else if (status === 423) lock(answer.sentence);
    else if (status === 401) state(row, "warn", "登录已过期，填写的内容已留在本机，重新登录后自动保存");
    else if (status === 403) state(row, "warn", "页面已过期，填写的内容已留在本机，请刷新本页");
    else if (status === 0) state(row, "warn", "未联网，已留在本机，恢复后自动保存");
    else state(row, "warn", "服务器暂时不能保存，已留在本机，稍后自动再试");
    showWhole(status);
  };
  const showWhole = (status) => {
    if (isLocked) return;
    const words = { saving: "保存中…", 0: "未联网", 401: "登录已过期" };
    saveState.textContent = queue.waiting ? words[status] ?? `${queue.waiting} 项尚未保存` : "全部已保存";
    saveState.classList.toggle("is-bad", queue.waiting > 0 && status !== "saving");
  };

  const send = (code, cell) => post(form.dataset.cells.replace("CODE", code), { ...cell.fields, seen: cell.seen });
  const queue = new MonthQueue(`month:${location.pathname}:${form.dataset.owner}`, send, show);

  const save = async (row) => {
    if (isLocked || row.matches(".is-locked")) return;
    await queue.put(row.dataset.item, { fields: typed(row), seen: row.dataset.token });
    check();
  };
  const saveIfChanged = (row, field = quantityOf(row)) => {
    // Who types a number has one: 不适用 and 未计量, carried over from last month, no longer hold.
    const way = row.querySelector("[name^='known_by-']");
    const hasNumber = field === quantityOf(row) && field.value.trim();
    if (hasNumber && !["metered", "estimated"].includes(way.value)) way.value = "metered";
    const now = JSON.stringify(typed(row));
    if (now === draft.get(row.dataset.item)) return;
    draft.set(row.dataset.item, now);
    save(row);
  };

  /* The checks follow what is stored, a moment after the last save. */
  let timer;
  const check = () => {
    clearTimeout(timer);
    timer = setTimeout(checkNow, 250);
  };
  const checkNow = async () => {
    clearTimeout(timer);
    const { status, answer } = await post(form.dataset.check, {});
    if (status === 200) place(answer);
  };
  const place = (html) => {
    const found = new DOMParser().parseFromString(html, "text/html");
    const targets = {
      verdict: () => form.querySelector("details.verdict"),
      totals: (name) => form.querySelector(`[data-totals="${CSS.escape(name)}"]`),
      offers: (code) => rows.get(code)?.querySelector("[data-offers]"),
      said: (code) => form.querySelector(`[data-said-of="${CSS.escape(code)}"] [data-said]`),
    };
    for (const fragment of found.querySelectorAll("[data-fragment]")) {
      const target = targets[fragment.dataset.fragment](fragment.dataset.place);
      // A reason that is being typed stays under the fingers.
      if (target && !target.contains(document.activeElement)) target.innerHTML = fragment.innerHTML;
      if (fragment.dataset.fragment === "said") mark(rows.get(fragment.dataset.place), fragment);
    }
  };
  /* 有疑问 where a warning waits for its reason, 有错误 where the checks refuse. */
  const mark = (row, fragment) => {
    // A cell that the answer to a return puts in error opens, or the month could not be handed in.
    if (row?.matches(".is-locked") && fragment.querySelector(".said-error")) open(row);
    if (!row || row.querySelector(".conflict") || queue.cells[row.dataset.item]) return;
    const waits = [...fragment.querySelectorAll("[data-rule]")].some((field) => !field.value);
    if (fragment.querySelector(".said-error")) state(row, "bad", "已保存，有错误");
    else if (waits) state(row, "doubt", `已保存，有疑问${row.dataset.converted ?? ""}`);
    else if (fragment.querySelector(".said-doubt")) state(row, "good", `已保存，疑问已说明${row.dataset.converted ?? ""}`);
  };

  const open = (row) => {
    row.classList.remove("is-locked");
    fieldsOf(row).forEach((field) => (field.disabled = false));
  };

  const reasons = new Set();
  const saveReason = (field) => {
    const sent = sendReason(field).finally(() => reasons.delete(sent));
    reasons.add(sent);
  };
  const sendReason = async (field) => {
    const row = rowOf(field);
    const { status, answer } = await post(form.dataset.reasons, {
      rule: field.dataset.rule,
      item: row.dataset.item,
      reason: field.value,
    });
    if (status === 423) return lock(answer.sentence);
    if (status === 409) return check();
    if (status !== 200) return state(row, "warn", "原因没有保存，请检查网络后再次离开此格");
    state(row, field.value ? "good" : "doubt", field.value ? "已保存，疑问已说明" : "已保存，有疑问");
    check();
  };

  form.addEventListener("change", (event) => {
    const row = rowOf(event.target);
    if (!row || event.target.dataset.unitOf) return;
    if (event.target.dataset.rule) saveReason(event.target);
    else saveIfChanged(row, event.target);
  });
  form.addEventListener("click", (event) => {
    const suggestion = event.target.dataset?.suggest;
    if (!suggestion) return;
    const row = rowOf(event.target);
    if (row.matches(".is-locked")) return;
    const field = row.querySelector(`[name^='${event.target.dataset.suggestFor ?? "quantity"}-']`);
    field.value = suggestion;
    field.focus();
    saveIfChanged(row);
  });

  /* Enter and the arrows go down and up the column, as in a spreadsheet. */
  const step = (field, by) => {
    const part = field.name.split("-")[0];
    const column = [...form.querySelectorAll(`[name^='${part}-']`)].filter((each) => !each.dataset.rule && !each.disabled);
    const next = column[column.indexOf(field) + by];
    // At the end of the column the field is left all the same, and saved.
    if (!next) return field.blur();
    next.focus();
    next.select?.();
  };
  form.addEventListener("keydown", (event) => {
    const field = event.target;
    if (field.tagName !== "INPUT" || event.isComposing || event.ctrlKey || event.altKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (field.dataset.rule) field.dispatchEvent(new Event("change", { bubbles: true }));
      else step(field, event.shiftKey ? -1 : 1);
    } else if (!field.dataset.rule && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(field, event.key === "ArrowDown" ? 1 : -1);
    }
  });

  /* A column copied from a spreadsheet goes down the rows; a second column is the cost. */
  form.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    const field = event.target;
    if (!field.name?.startsWith("quantity-") || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const codes = [...rows.keys()];
    const first = codes.indexOf(rowOf(field).dataset.item);
    text.replace(/\r?\n$/, "").split(/\r?\n/).forEach((line, number) => {
      const row = rows.get(codes[first + number]);
      if (!row || row.matches(".is-locked")) return;
      const [quantity, cost] = line.split("\t");
      takeIn(row, quantity.trim());
      const costField = row.querySelector("[name^='cost-']");
      if (costField && cost !== undefined) costField.value = cost.trim();
      saveIfChanged(row);
    });
  });

  /* A pasted cell: a number, or one of the states in the portal's own words. */
  const takeIn = (row, text) => {
    const way = row.querySelector("[name^='known_by-']");
    const state = [...way.options].find((option) => option.text === text);
    if (state) way.value = state.value;
    quantityOf(row).value = state ? "" : text;
  };

  /* The unit beside a number: another one is written behind what is typed, and the server converts it. */
  form.querySelectorAll("input[data-units]").forEach((field) => {
    const choice = document.createElement("select");
    choice.className = "unit-choice";
    choice.dataset.unitOf = field.name;
    choice.setAttribute("aria-label", `${field.getAttribute("aria-label")} 的单位`);
    choice.tabIndex = -1;
    field.dataset.units.split(" ").forEach((unit) => choice.add(new Option(unit)));
    field.after(choice);
    choice.nextElementSibling?.matches(".unit") && choice.nextElementSibling.remove();
    const written = () => {
      if (choice.selectedIndex === 0 || !/^[\d.,\s]+$/.test(field.value)) return;
      field.value = `${field.value.trim()}${choice.value}`;
      choice.selectedIndex = 0;
    };
    field.addEventListener("change", written, { capture: true });
    choice.addEventListener("change", () => {
      written();
      saveIfChanged(rowOf(field));
    });
  });

  /* The unit price, as soon as quantity and cost are there. */
  const showPrice = (row) => {
    const place = row.querySelector("[data-price]");
    if (!place) return;
    const [quantity, cost] = ["quantity", "cost"].map((part) => Number(row.querySelector(`[name^='${part}-']`).value));
    place.textContent = quantity > 0 && cost > 0 ? `单价 ${Number((cost / quantity).toPrecision(3))} 元` : "";
  };
  rows.forEach(showPrice);

  /* What an earlier visit could not send comes back into its fields. */
  for (const [code, cell] of Object.entries(queue.cells)) {
    const row = rows.get(code);
    if (!row) continue;
    for (const [name, text] of Object.entries(cell.fields)) row.querySelector(`[name='${name}']`).value = text;
    delete cell.isHeld;
    draft.set(code, JSON.stringify(typed(row)));
  }
  queue.work().then(() => queue.waiting || check());

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    await queue.work();
    const waiting = unstored();
    if (queue.waiting) {
      saveState.textContent = `尚有 ${queue.waiting} 项没有保存，请先处理再提交。`;
      saveState.classList.add("is-bad");
      if (waiting.length) quantityOf(waiting[0]).focus();
      return;
    }
    await Promise.all(reasons);
    await checkNow();
    const wrong = [...form.querySelectorAll(".said-row:has(.said-error)")].map((row) => quantityOf(rowOf(row)));
    const missing = [...form.querySelectorAll("[data-missing] a")].map((link) => form.querySelector(link.hash));
    if (wrong.length || missing.length) {
      saveState.textContent = `尚有 ${wrong.length} 处错误、${missing.length} 项必答未填。`;
      saveState.classList.add("is-bad");
      [...wrong, ...missing][0]?.focus();
      return;
    }
    const asked = [...form.querySelectorAll("[data-rule]")].filter((field) => !field.value.trim());
    if (asked.length) {
      saveState.textContent = `尚有 ${asked.length} 处疑问待说明原因。`;
      saveState.classList.add("is-bad");
      asked[0].focus();
      return;
    }
    const whole = document.createElement("form");
    Object.assign(whole, { method: "post", action: form.dataset.submit, hidden: true });
    whole.append(Object.assign(document.createElement("input"), { name: "csrfmiddlewaretoken", value: csrf }));
    document.body.append(whole);
    whole.submit();
  });
  addEventListener("beforeunload", (event) => queue.waiting && event.preventDefault());
});
