"use strict";
// The page for developers: counts and logs, refreshed every two seconds.

const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString("zh-CN", { hour12: false });
const MODES = { safe: "安全模式", compatible: "兼容模式", plaintext: "明文模式" };
const TABLES = {
  calls: [["接口", "path"], ["结果", "outcome"], ["次数", "calls"]],
  repeated: [["用户", "openid"], ["渠道", "channel"], ["client_msg_id", "client_msg_id"], ["模板", "template_id"], ["次数", "count"]],
  faults: [["规则", (row) => JSON.stringify(row.rule)], ["经过", "seen"], ["触发", "fired"]],
  push_log: [["时间", (row) => time(row.at)], ["用户", "openid"], ["推送", "event"], ["次", "try"], ["结果", "outcome"], ["秒", "seconds"]],
  api_log: [["时间", (row) => time(row.at)], ["接口", "path"], ["结果", "outcome"], ["rid", "rid"]],
};

function cells(tag, texts) {
  const row = document.createElement("tr");
  row.append(...texts.map((text) => Object.assign(document.createElement(tag), { textContent: text })));
  return row;
}

function nothing(columns) {
  const row = cells("td", ["没有"]);
  row.firstChild.colSpan = columns;
  return row;
}

async function refresh() {
  const data = await (await fetch("inspect.json")).json();
  const sent = data.delivered;
  document.getElementById("summary").textContent =
    `送达：模板消息 ${sent.template}，订阅通知 ${sent.subscribe}，客服消息 ${sent.custom}；等待投递 ${data.pending}；${MODES[data.mode]}；素材库的封面 ${data.materials.join("、")}`;
  for (const [id, columns] of Object.entries(TABLES)) {
    const read = (row, of) => (typeof of === "function" ? of(row) : row[of]);
    const body = data[id].map((row) => cells("td", columns.map(([, of]) => read(row, of))));
    document.getElementById(id).replaceChildren(cells("th", columns.map(([name]) => name)), ...(body.length ? body : [nothing(columns.length)]));
  }
}

refresh();
setInterval(refresh, 2000);
