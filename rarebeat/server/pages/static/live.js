// Keeps a page current: asks its address for the content again and changes, in the regions marked
// data-live, what has changed. Focus, scrolling, open parts and what is being typed stay as they are.
"use strict";

const EVERY = 2500, SLOWEST = 30000, SHARE = 10;  // ms, and how much longer to wait than an answer takes
let tag = null, timer = 0, wait = EVERY, asking = false;
const written = new Map();  // id of a region -> its markup as the server wrote it last

const regions = (root) => root.querySelectorAll("[data-live]");

function sayAgo() {
  for (const time of document.querySelectorAll("time")) {
    time.title = time.title || time.textContent;
    const words = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== words) time.textContent = words;
  }
}

function ago(seconds) {
  if (seconds < 5) return "now";
  for (const [size, name] of [[86400, "d"], [3600, "h"], [60, "min"]])
    if (seconds >= size) return `${Math.floor(seconds / size)} ${name} ago`;
  return `${Math.floor(seconds / 5) * 5} s ago`;
}

function sameKind(a, b) {
  return a.nodeName === b.nodeName && (a.id || "") === (b.id || "");
}

function become(old, next) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  if (old.isEqualNode(next)) return;
  for (const { name } of [...old.attributes])
    if (!next.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of next.attributes)
    if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  becomeChildren(old, next);
}

function becomeChildren(old, next) {
  const named = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let here = old.firstChild;
  for (const child of [...next.childNodes]) {
    const mine = (child.id && named.get(child.id)) || (here && sameKind(here, child) ? here : null);
    if (!mine) {
      old.insertBefore(child, here);
      continue;
    }
    if (mine === here) here = here.nextSibling;
    else old.insertBefore(mine, here);
    become(mine, child);
  }
  while (here) {
    const after = here.nextSibling;
    here.remove();
    here = after;
  }
}

function change(markup) {
  const next = new DOMParser().parseFromString(markup, "text/html");
  const focused = document.activeElement;
  for (const region of regions(next)) {
    const old = document.getElementById(region.id);
    if (!old || written.get(region.id) === region.outerHTML) continue;
    written.set(region.id, region.outerHTML);
    become(old, region);
  }
  if (focused && focused !== document.activeElement && focused.isConnected)
    focused.focus({ preventScroll: true });
  sayAgo();
}

function say(words, kind) {
  const place = document.getElementById("live");
  if (place.textContent !== words) place.textContent = words;
  place.className = kind;
}

async function ask() {
  if (asking || document.hidden) return;
  asking = true;
  const began = performance.now();
  try {
    const headers = tag ? { "X-Live": "1", "If-None-Match": tag } : { "X-Live": "1" };
    const signal = AbortSignal.timeout(SLOWEST);
    const answer = await fetch(location.href, { headers, signal, cache: "no-store", redirect: "error" });
    if (answer.status === 200) {
      tag = answer.headers.get("ETag");
      change(await answer.text());
    } else if (answer.status !== 304 && answer.status !== 404) throw new Error(answer.status);
    if (answer.status === 404) say("no longer here", "off");
    else say("live", "on");
    wait = Math.min(Math.max(EVERY, SHARE * (performance.now() - began)), SLOWEST);
  } catch {
    say("the server does not answer", "off");
    wait = Math.min(wait * 2, SLOWEST);
  }
  asking = false;
  sayAgo();
  later();
}

function later() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(ask, wait);
}

async function copy(button) {
  const words = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(words);
  } catch {  // without HTTPS a page may copy only what is selected
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    document.execCommand("copy");
  }
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}

document.documentElement.classList.add("scripted");
for (const region of regions(document)) written.set(region.id, region.outerHTML);
sayAgo();
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : ask()));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
if (written.size) later();
