"use strict";
// The phone page: polls the simulator about once a second and draws what one user would see in WeChat.

const POLL_MS = 1000, BUSY_POLL_MS = 250, GAP_SECONDS = 300;
const PLACES = [
  { label: "江西省萍乡市芦溪县宣风镇", latitude: 27.7116, longitude: 114.1349 },
  { label: "江西省萍乡市芦溪县上埠镇", latitude: 27.5862, longitude: 113.9931 },
  { label: "江西省萍乡市芦溪县芦溪镇", latitude: 27.6309, longitude: 114.0296 },
];
const byId = (id) => document.getElementById(id);
const view = { user: localStorage.getItem("simulator_user") || "", last: 0, lastTime: 0, state: null, menu: "", users: "" };

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

async function act(path, body = {}) {
  const response = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ user: view.user, ...body }),
  });
  const answer = await response.json();
  if (!response.ok) toast(answer.error);
  poll();
  return response.ok ? answer : null;
}

function toast(text) {
  const element = byId("toast");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { element.hidden = true; }, 2200);
}

// ---- messages

function avatar(from) {
  const name = view.state.user.name || "我";
  const classes = from === "user" ? "avatar" : "avatar account";
  return make("span", { class: classes, "aria-hidden": "true" }, from === "user" ? name.slice(0, 1) : view.state.account.slice(0, 1));
}

const TAG = /<a\s+([^>]*)>([\s\S]*?)<\/a>|(https?:\/\/[^\s<>"'，。；、）】]+)/g;

function richText(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(TAG)) {
    parts.push(text.slice(from, match.index));
    const href = match[3] || (/href\s*=\s*(["'])(.*?)\1/.exec(match[1]) || [])[2] || "";
    parts.push(link(href.replaceAll("&amp;", "&"), match[3] || match[2]));
    from = match.index + match[0].length;
  }
  return [...parts, text.slice(from)];
}

function link(href, label) {
  if (/^weixin:\/\/bizmsgmenu\?/.test(href)) {
    const query = new URLSearchParams(href.slice(href.indexOf("?") + 1));
    const text = query.get("msgmenucontent") || label;
    return make("a", { href: "#", "data-testid": "option", onclick: (event) => {
      event.preventDefault();
      act("say", { text, menu_id: query.get("msgmenuid") || "" });
    } }, label);
  }
  if (/^https?:\/\//.test(href)) {
    return make("a", { href, "data-testid": "link", onclick: (event) => { event.preventDefault(); openPage(href); } }, label);
  }
  return document.createTextNode(label);
}

function bubble(children, extra = "") { return make("div", { class: `bubble ${extra}` }, ...children); }

const DRAW = {
  text: (body) => bubble(richText(body.text)),
  choices: (body) => bubble([
    body.head, ...body.choices.map((choice) => make("button", { type: "button", class: "choice", "data-testid": "option",
      onclick: () => act("say", { text: choice.text, menu_id: choice.id }) }, choice.text)), body.tail,
  ]),
  article: (body) => make("button", { type: "button", class: "article", "data-testid": "article", onclick: () => openPage(body.url) },
    make("strong", {}, body.title),
    make("span", {}, make("b", {}, body.description), body.picture ? make("img", { src: body.picture, alt: "" }) : make("i"))),
  image: (body) => make("img", { class: "picture", src: body.url || "picture.svg", alt: "图片" }),
  voice: () => bubble(["3″  ◗"], "voice"),
  video: () => bubble(["[视频]"]),
  location: (body) => make("div", { class: "place" }, make("strong", {}, body.label.slice(-3) || "位置"),
    make("small", {}, body.label), make("i")),
};

function notice(message) {
  const { title, rows, url } = message.body;
  return make("article", { class: "notice" },
    make("div", { class: "notice-from" }, make("span", { class: "avatar account" }, view.state.account.slice(0, 1)),
      view.state.account, make("em", {}, message.channel === "subscribe" ? "订阅通知" : "服务通知")),
    make("h2", {}, title),
    make("dl", {}, ...rows.flatMap(([label, value]) => [make("dt", {}, label), make("dd", {}, value)])),
    url ? make("button", { type: "button", class: "more", "data-testid": "notice-open", onclick: () => openPage(url) }, "查看详情") : null);
}

function draw(message) {
  const marks = { "data-testid": "message", "data-kind": message.kind, "data-from": message.from, "data-id": message.id,
    "data-channel": message.channel, "data-template": message.template };
  if (message.kind === "banner") return make("div", { class: "system banner", ...marks }, message.body.text);
  if (message.kind === "notice") {
    const card = notice(message);
    for (const [name, value] of Object.entries(marks)) card.setAttribute(name, value);
    return card;
  }
  return make("div", { class: "message", ...marks }, avatar(message.from), (DRAW[message.kind] || (() => bubble(["[暂不支持]"])))(message.body));
}

function clockText(seconds) {
  const date = new Date(seconds * 1000), now = new Date();
  const time = `${date.getHours()}:${String(date.getMinutes()).padStart(2, "0")}`;
  return date.toDateString() === now.toDateString() ? time : `${date.getMonth() + 1}月${date.getDate()}日 ${time}`;
}

function drawMessages(messages) {
  const box = byId("messages");
  for (const message of messages) {
    if (message.id <= view.last) continue;
    if (message.at - view.lastTime > GAP_SECONDS) box.append(make("div", { class: "time" }, clockText(message.at)));
    view.lastTime = message.at;
    view.last = message.id;
    box.append(draw(message));
  }
  if (messages.length) box.scrollTop = box.scrollHeight;
}

// ---- menu, sheets, web view

function drawMenu(menu) {
  const key = JSON.stringify(menu);
  if (key === view.menu) return;
  view.menu = key;
  byId("menu").replaceChildren(...((menu && menu.button) || []).map((button, index) => {
    const subs = button.sub_button || [];
    const list = make("div", { class: "sub", hidden: "" }, ...subs.map((sub, number) => make("button", {
      type: "button", "data-testid": "menu-item", "data-menu": `${index}-${number}`, onclick: () => tapMenu([index, number]) }, sub.name)));
    const tap = () => {
      const closed = list.hidden;
      closeMenus();
      if (subs.length) list.hidden = !closed; else tapMenu([index]);
    };
    return make("div", {}, subs.length ? list : null, make("button", { type: "button", class: subs.length ? "top folds" : "top",
      "data-testid": "menu-item", "data-menu": String(index), onclick: tap }, button.name));
  }));
}

function closeMenus() { document.querySelectorAll(".sub").forEach((list) => { list.hidden = true; }); }

async function tapMenu(path) {
  closeMenus();
  const answer = await act("menu", { path });
  if (answer && answer.open) openPage(answer.open);
}

function sheet(...children) { byId("sheet-body").replaceChildren(...children); byId("sheet").hidden = false; }
function closeSheet() { byId("sheet").hidden = true; }

function chooseFrom(title, hint, options) {
  sheet(make("h2", {}, title), make("p", {}, hint), ...options.map((option) => make("button", { type: "button", class: "option",
    "data-testid": option.testid, "data-value": option.value, onclick: () => { closeSheet(); option.act(); } }, option.label)),
  make("div", { class: "buttons" }, make("button", { type: "button", "data-testid": "sheet-cancel", onclick: closeSheet }, "取消")));
}

function chooseLocation() {
  chooseFrom("发送位置", "选一个地方", PLACES.map((place) => ({
    label: place.label.slice(-3), value: place.label.slice(-3), testid: "location", act: () => act("location", place) })));
}

function chooseTicket() {
  const tickets = view.state.tickets;
  chooseFrom("扫一扫", tickets.length ? "选一个服务号生成的二维码" : "还没有生成过二维码", tickets.map((row) => ({
    label: row.scene, value: row.scene, testid: "scan", act: () => act("scan", { ticket: row.ticket }) })));
}

function askConsent() {
  const boxes = view.state.templates.map((template) => make("label", { class: "option" },
    make("input", { type: "checkbox", checked: "", value: template.id, "data-testid": "consent-template" }), template.title));
  const long = make("input", { type: "checkbox", checked: "", "data-testid": "consent-long" });
  const answer = (accept) => {
    const choices = {};
    boxes.forEach((box) => { const tick = box.firstChild; choices[tick.value] = accept && tick.checked; });
    closeSheet();
    act("consent", { choices, long_term: long.checked });
  };
  sheet(make("h2", {}, `${view.state.account} 申请发送以下通知`), make("p", {}, "可以随时在设置里关闭"), ...boxes,
    make("label", { class: "option" }, long, "总是保持以上选择（长期订阅）"),
    make("div", { class: "buttons" },
      make("button", { type: "button", "data-testid": "consent-reject", onclick: () => answer(false) }, "拒绝"),
      make("button", { type: "button", class: "primary", "data-testid": "consent-accept", onclick: () => answer(true) }, "允许")));
}

async function openPage(url) {
  if (!/^https?:\/\//.test(url || "")) return;
  await view.handed;
  byId("webview-title").textContent = new URL(url).host;
  byId("webview-frame").src = url;
  byId("webview").hidden = false;
}

byId("webview-frame").addEventListener("load", () => {
  const page = byId("webview-frame").contentDocument;
  if (!page) return; // a page of another origin keeps its title to itself; the host name stays
  byId("webview-title").textContent = page.title || byId("webview-title").textContent;
  page.documentElement.style.scrollbarWidth = "none"; // a phone has no bar beside the page
});

// ---- people and settings

function chooseUser(openid) {
  view.user = openid;
  view.last = 0;
  view.lastTime = 0;
  localStorage.setItem("simulator_user", openid);
  view.handed = fetch("hand", { method: "POST" }).catch(() => toast("连不上模拟器"));
  document.cookie = `simulator_user=${openid}; path=/; SameSite=Lax`;
  byId("messages").replaceChildren();
  byId("webview").hidden = true;
  byId("webview-frame").removeAttribute("src");
  closeSheet();
}

async function addUser(name) {
  const answer = await act("users", { name });
  if (answer) { chooseUser(answer.openid); await poll(); }
}

function drawUsers(users) {
  const key = JSON.stringify([users, view.user]);
  if (key === view.users) return;
  view.users = key;
  byId("user-select").replaceChildren(...users.map((user) => {
    const option = make("option", { value: user.openid }, user.following ? user.name : `${user.name}（未关注）`);
    option.selected = user.openid === view.user;
    return option;
  }));
}

function drawConsents(consents) {
  const titles = Object.fromEntries(view.state.templates.map((template) => [template.id, template.title]));
  byId("consents").replaceChildren(...consents.map((row) => make("div", { class: "consent", "data-testid": "consent", "data-template": row.template_id },
    `${titles[row.template_id] || row.template_id}：${row.long_term ? "长期" : `${row.credits} 次`}`,
    make("button", { type: "button", "data-testid": "consent-withdraw", onclick: () => act("consent/withdraw", { template: row.template_id }) }, "关闭"))));
}

function drawState(state) {
  const following = Boolean(state.user && state.user.following);
  byId("account").textContent = state.user && state.user.typing ? "对方正在输入…" : state.account;
  byId("profile-name").textContent = state.account;
  byId("profile").hidden = !state.user || following;
  byId("dock").hidden = !following;
  byId("unfollow").disabled = !following;
  byId("refuse").checked = Boolean(state.user && state.user.refuses);
  if (document.activeElement !== byId("mode")) byId("mode").value = state.mode;
  byId("pending").textContent = state.pending ? `正在送达 ${state.pending} 条` : "没有等待送达的消息";
  byId("phone").dataset.pending = state.pending;
  drawUsers(state.users);
  drawConsents(state.consents);
  drawMenu(state.menu);
  drawMessages(state.messages);
}

let polling = null, again = false;

function poll() {
  if (polling) { again = true; return polling; }
  polling = pollOnce().finally(() => {
    polling = null;
    clearTimeout(poll.timer);
    if (again) { again = false; poll(); return; }
    poll.timer = setTimeout(poll, view.state && view.state.pending ? BUSY_POLL_MS : POLL_MS);
  });
  return polling;
}

async function pollOnce() {
  const asked = view.user;
  let state;
  try {
    state = await (await fetch(`state?user=${encodeURIComponent(asked)}&after=${view.last}`)).json();
  } catch {
    byId("pending").textContent = "连不上模拟器，正在重试";
    return;
  }
  if (asked !== view.user) { again = true; return; }
  view.state = state;
  if (!state.user) {
    if (state.users.length) { chooseUser(state.users[state.users.length - 1].openid); again = true; } else await firstUser();
    return;
  }
  drawState(state);
}

async function firstUser() {
  const response = await fetch("users", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name: "陈先生" }) });
  chooseUser((await response.json()).openid);
  again = true;
}

// ---- wiring

byId("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("input").value.trim();
  if (!text) return;
  byId("input").value = "";
  byId("send").disabled = true;
  act("say", { text });
});
byId("input").addEventListener("input", () => { byId("send").disabled = !byId("input").value.trim(); });
byId("more").addEventListener("click", () => {
  byId("tray").hidden = !byId("tray").hidden;
  byId("messages").scrollTop = byId("messages").scrollHeight;
});
byId("tray").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  byId("tray").hidden = true;
  ({ image: () => act("image"), voice: () => act("voice"), location: chooseLocation, scan: chooseTicket })[button.dataset.act]();
});
byId("messages").addEventListener("click", closeMenus);
byId("follow").addEventListener("click", () => act("follow"));
byId("unfollow").addEventListener("click", () => act("unfollow"));
byId("refuse").addEventListener("change", () => act("refuse", { refuses: byId("refuse").checked }));
byId("consent-open").addEventListener("click", askConsent);
byId("settings").addEventListener("click", () => { byId("panel").scrollIntoView({ behavior: "smooth" }); byId("user-select").focus({ preventScroll: true }); });
byId("profile-change").addEventListener("click", async () => { if (await act("profile")) toast("资料已修改"); });
byId("revoke").addEventListener("click", async () => { if (await act("revoke")) toast("授权已撤回"); });
byId("mode").addEventListener("change", () => act("mode", { mode: byId("mode").value }));
byId("user-select").addEventListener("change", () => { chooseUser(byId("user-select").value); poll(); });
byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("user-name").value.trim();
  if (!name) return;
  byId("user-name").value = "";
  addUser(name);
});
byId("webview-back").addEventListener("click", () => { byId("webview").hidden = true; byId("webview-frame").removeAttribute("src"); });
byId("sheet").addEventListener("click", (event) => { if (event.target === byId("sheet")) closeSheet(); });
setInterval(() => { byId("clock").textContent = clockText(Date.now() / 1000); }, 5000);
byId("clock").textContent = clockText(Date.now() / 1000);
if (view.user) chooseUser(view.user);
poll();
