// Saves page loads and fills in guesses. Every page works without it.
(() => {
  "use strict";
  const find = (what, within = document) => [...within.querySelectorAll(what)];
  const say = (words) => { document.getElementById("live").textContent = words; };

  // A refused form: its summary speaks first.
  document.querySelector(".problem")?.focus();

  // The visitor's time zone fills an empty field and offers a link. Nothing changes by itself.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) {
    for (const field of find("input[data-zone-guess]")) field.value ||= zone;
    for (const option of find("select[data-zone-guess] option")) if (option.value === zone && !option.parentNode.value) option.selected = true;
    for (const link of find("a[data-zone-guess]")) {
      if (link.dataset.zoneGuess === zone) continue;
      const url = new URL(link.href);
      url.searchParams.set(link.dataset.zoneNameOf ?? "tz", zone);
      link.href = url;
      link.querySelector("[data-zone-name]").textContent = zone.split("/").pop().replaceAll("_", " ");
      link.hidden = false;
    }
  }

  // Copy what the named element holds.
  if (navigator.clipboard) {
    for (const button of find("button[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const from = document.getElementById(button.dataset.copy);
        try {
          await navigator.clipboard.writeText(from.value ?? from.textContent.trim());
          say("Copied");
        } catch {
          from.focus();
          say("Select the text and copy it");
        }
      });
    }
  }
  for (const button of find("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }

  // `data-swap` on a link or a form names the part of the page to exchange for the same part of the answer.
  // Scroll and focus stay. What fails is done the plain way.
  const put = (was, is) => {
    const held = was.contains(document.activeElement) ? document.activeElement : null;
    was.replaceWith(is);
    if (!held) return;
    const href = held.getAttribute("href");
    const again = held.id ? document.getElementById(held.id)
      : href ? find("a", is).find((a) => a.getAttribute("href") === href) : is.querySelector("button");
    (again ?? is.querySelector("[aria-current]"))?.focus({ preventScroll: true });
  };
  const swap = async (id, url, options) => {
    const answer = await fetch(url, { ...options, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [was, is] = [document.getElementById(id), page.getElementById(id)];
    if (!answer.ok || !is) throw new Error("no such part");
    put(was, is);
    document.title = page.title;
    say(is.querySelector("[data-say]")?.textContent.trim() ?? "");
    return answer.url;
  };
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    try {
      history.pushState({ swapped: true }, "", await swap(link.dataset.swap, link.href));
    } catch {
      location.href = link.href;
    }
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-swap]");
    if (!form) return;
    event.preventDefault();
    try {
      await swap(form.dataset.swap, form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
    } catch {
      form.submit();
    }
  });
  // `data-look` on a submit button names the part of the page that shows what the form comes to: it follows the typing.
  for (const button of find("button[data-look]")) {
    let soon;
    const look = () => swap(button.dataset.look, location.href, {
      method: "POST", body: new URLSearchParams(new FormData(button.form, button)),
    }).catch(() => {});
    button.form.addEventListener("input", () => {
      clearTimeout(soon);
      soon = setTimeout(look, 400);
    });
  }
  addEventListener("popstate", () => location.reload());

  // A page that waits looks again, less often each time, never while hidden.
  const waiting = document.querySelector("[data-wait-seconds]");
  const look = async (seconds) => {
    if (document.hidden) return void document.addEventListener("visibilitychange", () => look(seconds), { once: true });
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.redirected) return void location.replace(answer.url);
      if (answer.ok && !page.querySelector("[data-wait-seconds]")) return void location.reload();
      const news = answer.ok && page.querySelector("[data-wait-shows]");
      if (news) document.querySelector("[data-wait-shows]")?.replaceWith(news);
    } catch { /* look again */ }
    setTimeout(look, seconds * 1000, Math.min(seconds * 1.5, 30));
  };
  if (waiting) setTimeout(look, waiting.dataset.waitSeconds * 1000, Number(waiting.dataset.waitSeconds));

  // A board looks again while somebody may be reading it: not while hidden, nor under a hand in a form.
  const board = document.querySelector("[data-refresh-seconds]");
  const refresh = async () => {
    const hand = document.activeElement?.closest("form");
    if (!document.hidden && !hand) {
      try {
        const answer = await fetch(location.href, { headers: { Accept: "text/html", "X-Refresh": "1" } });
        if (answer.redirected) return void location.reload();  // signed out: nothing stays in view
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const is = page.getElementById(board.id);
        if (answer.ok && is && !document.activeElement?.closest("form")) put(document.getElementById(board.id), is);
      } catch { /* look again */ }
    }
  };
  if (board) setInterval(refresh, board.dataset.refreshSeconds * 1000);

  // "/" reaches the search; this browser keeps the switch.
  const search = document.querySelector("[data-shortcut]");
  const choice = document.querySelector("[data-shortcut-switch]");
  if (search && choice) {
    const off = () => localStorage.shortcut === "off";
    const show = () => { choice.textContent = `Turn ${off() ? "on" : "off"} the / key for search`; };
    choice.hidden = false;
    show();
    choice.addEventListener("click", () => {
      localStorage.shortcut = off() ? "on" : "off";
      show();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== search.dataset.shortcut || off()) return;
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
      event.preventDefault();
      search.focus();
    });
  }

  // On a desk a session is dragged to another time. What follows from it is shown before anything moves, as by its menu.
  const [quarter, rows] = [15 * 60e3, 56];
  let dragged = null;
  const over = (event) => {
    const section = event.target.closest(".agenda.week > section[data-begins]");
    if (!dragged || !section) return null;
    const box = section.querySelector("ol").getBoundingClientRect();
    const row = Math.round((event.clientY - dragged.grip - box.top) / (box.height / rows));
    if (row < 0 || row >= rows) return null;
    return { list: section.querySelector("ol"), row, at: new Date(Date.parse(section.dataset.begins) + row * quarter) };
  };
  const mark = document.createElement("li");
  for (const link of find(".agenda.week a[data-move]")) {
    link.draggable = true;
    link.addEventListener("dragstart", (event) => {
      dragged = { move: link.dataset.move, grip: event.clientY - link.getBoundingClientRect().top };
      event.dataTransfer.effectAllowed = "move";
    });
    link.addEventListener("dragend", () => { dragged = null; mark.remove(); });
  }
  document.addEventListener("dragover", (event) => {
    const there = over(event);
    if (!there) return void mark.remove();
    event.preventDefault();
    mark.className = `now at${there.row >> 3} and${there.row & 7}`;
    if (mark.parentNode !== there.list) there.list.append(mark);
  });
  document.addEventListener("drop", (event) => {
    const there = over(event);
    if (!there) return;
    event.preventDefault();
    location.href = `${dragged.move}?start=${there.at.toISOString().replace(".000", "")}`;
  });

  // Arrow keys between what lies in the days, empty hours included; Enter opens, as on every link.
  const days = find(".agenda > section");
  document.querySelector(".agenda")?.addEventListener("keydown", (event) => {
    const here = event.target.closest(".agenda li a");
    const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (!here || !step) return;
    const links = (day) => find("li a", day).filter((link) => link.offsetParent);
    let [x, y] = [days.findIndex((day) => day.contains(here)), 0];
    y = links(days[x]).indexOf(here) + step[1];
    do x += step[0]; while (step[0] && days[x] && !links(days[x]).length);
    let next = days[x] && links(days[x])[y];
    if (step[0] && days[x]) {
      const top = (link) => Math.abs(link.getBoundingClientRect().top - here.getBoundingClientRect().top);
      next = links(days[x]).reduce((a, b) => (top(b) < top(a) ? b : a));
    }
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
})();
