// Puts new messages on top of the open page and fits the frames of mails to their content. Without it the page still
// shows everything; it is reloaded by hand.
"use strict";

const list = document.getElementById("messages");
const state = document.getElementById("state");
const empty = document.getElementById("empty");

function fit(frame) {
  const measure = () => {
    const page = frame.contentDocument && frame.contentDocument.documentElement;
    if (!page) return;
    frame.style.height = "0";
    frame.style.height = page.scrollHeight + 2 + "px";
  };
  frame.addEventListener("load", measure);
  measure();
}

async function look() {
  try {
    const answer = await fetch("/list?after=" + list.dataset.last, { cache: "no-store" });
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text();
    const first = fresh.content.querySelector("article");
    if (first) {
      list.dataset.last = first.id.slice(1);
      fresh.content.querySelectorAll("iframe").forEach(fit);
      fresh.content.querySelectorAll("article").forEach((article) => article.classList.add("new"));
      empty.hidden = true;
      empty.after(fresh.content);
    }
    state.textContent = "live";
    state.className = "live";
  } catch {
    state.textContent = "not running";
    state.className = "gone";
  }
  setTimeout(look, document.hidden ? 5000 : 1000);
}

document.querySelectorAll("iframe").forEach(fit);
look();
