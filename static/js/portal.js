/* Small comforts on every page. Each page works without them. */
"use strict";

(() => {
  const on = (type, handle) => document.addEventListener(type, handle);

  // The error summary takes the focus, so that a screen reader starts there.
  const focusSummary = (root) => root.querySelector?.("[data-focus]")?.focus();
  on("DOMContentLoaded", () => focusSummary(document));
  on("htmx:afterSettle", (event) => focusSummary(event.detail.elt));

  // Menus close on Escape and when one clicks elsewhere.
  const menus = () => document.querySelectorAll(".menu-drawer[open], .user-menu[open]");
  on("click", (event) => menus().forEach((menu) => menu.contains(event.target) || menu.removeAttribute("open")));
  on("keydown", (event) => {
    if (event.key !== "Escape") return;
    menus().forEach((menu) => {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    });
  });

  // data-confirm="sentence" on a submit button asks first; data-print prints.
  on("click", (event) => {
    const button = event.target.closest("[data-confirm], [data-print]");
    if (button?.dataset.confirm && !window.confirm(button.dataset.confirm)) event.preventDefault();
    if (button?.hasAttribute("data-print")) window.print();
  });

  // A second click while the first is on its way sends nothing.
  on("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000); // the answer may be a file, and the page stays
  });

  const say = (sentence) => {
    const notice = document.createElement("p");
    notice.className = "notice notice-error";
    notice.textContent = sentence;
    document.getElementById("messages")?.replaceChildren(notice);
  };
  const sentences = {
    403: "没有权限执行此操作，或页面已过期。请刷新页面后重试。",
    404: "该内容不存在或已不在您的查看范围内。",
    413: "上传的文件过大。",
  };
  on("htmx:responseError", (event) => say(sentences[event.detail.xhr.status] ?? "服务器未能完成操作，内容没有保存。请稍后重试。"));
  on("htmx:sendError", () => say("无法连接服务器，内容没有保存。请检查网络后重试。"));

  // When the session is over, htmx follows the redirect and would put the sign-in page into a table cell.
  on("htmx:beforeSwap", (event) => {
    const login = document.body.dataset.login;
    const answered = new URL(event.detail.xhr.responseURL || location.href);
    if (!login || answered.pathname !== login || location.pathname === login) return;
    event.detail.shouldSwap = false;
    location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
  });
})();
