// Makes the page's cross-origin calls one after the other and lists what became of each.
"use strict";

const API = document.currentScript.dataset.api;
const COOKIES = [
  "good", "no-flags", "none-insecure", "wrong-domain", "host-prefix-with-domain",
  "secure-prefix-without-secure", "500-days", "whole-site", "show", "delete",
];

function show(name, request, outcome) {
  const row = document.getElementById("calls").insertRow();
  row.id = name;
  for (const text of [name, request, outcome]) row.insertCell().textContent = text;
  row.dataset.outcome = outcome;
}

async function call({ name, url, method, credentials, fields, content }) {
  const options = { method, credentials, headers: fields, mode: "cors" };
  if (content) options.body = content;
  try {
    const response = await fetch(url, options);
    await response.arrayBuffer();
    show(name, `${method} ${url}`, `read ${response.status}`);
  } catch {
    show(name, `${method} ${url}`, "blocked");
  }
}

function events() {
  return new Promise((resolve) => {
    const source = new EventSource(`${API}/events`);
    let count = 0;
    const end = (outcome) => { source.close(); show("events", `${API}/events`, outcome); resolve(); };
    source.addEventListener("order", () => { count += 1; });
    source.addEventListener("end", () => end(`received ${count}`));
    source.onerror = () => end("failed");
  });
}

function socket() {
  return new Promise((resolve) => {
    const url = `${API.replace(/^http/, "ws")}/socket`;
    const connection = new WebSocket(url, ["shop.v1"]);
    let outcome = "failed";
    connection.onopen = () => connection.send("hello");
    connection.onmessage = ({ data }) => {
      outcome = `${connection.protocol} echoed ${data}`;
      connection.close(1000, "done");
    };
    connection.onclose = () => { show("socket", url, outcome); resolve(); };
  });
}

async function main() {
  const calls = await (await fetch("/calls.json")).json();
  for (const each of calls) await call(each);
  for (const name of COOKIES) await fetch(`/cookies/${name}`);
  navigator.sendBeacon("/beacon", "left=no");
  await events();
  await socket();
}

main().finally(() => { document.documentElement.dataset.done = "yes"; });
