"use strict";
// What the page does without asking the server: sending a file, players that share a clock, and the lanes.
(() => {
  const stages = (element) => element.closest(".v-stage") || document;

  // One plays, the others are quiet and follow its clock.
  document.addEventListener("play", (event) => {
    const video = event.target;
    if (!(video instanceof HTMLVideoElement)) return;
    stages(video).querySelectorAll("video").forEach((other) => {
      if (other === video || other.paused) return;
      const at = other.currentTime;
      other.pause();
      if (Math.abs(video.currentTime - at) > 0.05) video.currentTime = Math.min(at, video.duration || at);
    });
  }, true);
  document.addEventListener("error", (event) => {
    const video = event.target.closest && event.target.closest(".v-players video");
    if (!video) return;
    const said = document.createElement("p");
    said.className = "v-cannot";
    said.textContent = "This browser cannot play the clip's format; the downloads are whole.";
    video.replaceWith(said);
  }, true);

  // Music that is brought apart plays with the picture, in the place of its own sound.
  ["play", "pause", "seeked"].forEach((kind) => document.addEventListener(kind, (event) => {
    if (!(event.target instanceof HTMLVideoElement)) return;
    const under = stages(event.target).querySelector(".v-under audio");
    if (!under) return;
    event.target.muted = true;
    under.currentTime = event.target.currentTime;
    if (kind === "play") under.play(); else if (kind === "pause") under.pause();
  }, true));

  // The lanes live in a frame that is a stranger to this page: they talk in messages.
  const frameOf = (source) => [...document.querySelectorAll("iframe.v-fit")].find((f) => f.contentWindow === source);
  window.addEventListener("message", (event) => {
    const frame = frameOf(event.source);
    if (!frame || typeof event.data !== "object" || event.data === null) return;
    const { height, seek } = event.data;
    if (Number.isFinite(height)) frame.style.height = `${Math.min(Math.max(height, 80), 12000)}px`;
    if (Number.isFinite(seek)) {
      const videos = [...frame.closest(".v-tab").querySelectorAll("video")];
      videos.forEach((video) => { video.currentTime = Math.min(Math.max(seek, 0), video.duration || seek); });
    }
  });
  const tell = (video) => {
    const tab = video.closest(".v-tab");
    if (!tab) return;
    tab.querySelectorAll("iframe.v-fit").forEach((f) => f.contentWindow.postMessage({ second: video.currentTime }, "*"));
    tab.querySelectorAll(".v-now").forEach((now) => now.style.setProperty("--t", video.currentTime));
  };
  document.addEventListener("timeupdate", (event) => {
    if (event.target instanceof HTMLVideoElement) tell(event.target);
  }, true);

  // A and B: the one that is chosen goes on where the other was.
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".v-switch button");
    if (!button) return;
    const box = button.closest(".v-ab");
    const [from] = box.querySelectorAll("video:not([hidden])");
    const to = box.querySelector(`video[data-side="${button.dataset.side}"]`);
    if (from === to) return;
    const playing = !from.paused;
    from.pause();
    to.currentTime = from.currentTime;
    from.hidden = true;
    to.hidden = false;
    if (playing) to.play();
    box.querySelectorAll(".v-switch button").forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
  });

  // The cue sheet: hits and sections are chosen by a click, hits dragged, or moved by the arrows.
  window.v2mSheet = (element, trigger) => {
    const seconds = (hit) => Number(hit.dataset.s);
    const place = (hit, to) => {
      const axis = hit.closest(".v-sheet");
      const end = parseFloat(axis.style.getPropertyValue("--d"));
      hit.dataset.s = Math.min(Math.max(to, 0), end - 0.001).toFixed(3);
      hit.style.setProperty("--t", hit.dataset.s);
    };
    const choose = (button) => {
      const kind = button.dataset.hit !== undefined ? "hit" : "section";
      element.querySelectorAll(`[data-${kind}]`).forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
      if (kind === "hit") trigger("select", { hit: Number(button.dataset.hit), to: seconds(button) });
      else trigger("select", { section: Number(button.dataset.section) });
    };
    let dragged = null;
    element.addEventListener("pointerdown", (event) => {
      const hit = event.target.closest(".v-hit");
      if (hit) dragged = { hit, from: event.clientX, at: seconds(hit), moved: false };
    });
    window.addEventListener("pointermove", (event) => {
      if (!dragged || (!dragged.moved && Math.abs(event.clientX - dragged.from) < 4)) return;
      dragged.moved = true;
      const lane = dragged.hit.parentElement.getBoundingClientRect().width;
      const end = parseFloat(dragged.hit.closest(".v-sheet").style.getPropertyValue("--d"));
      place(dragged.hit, dragged.at + ((event.clientX - dragged.from) / lane) * end);
    });
    window.addEventListener("pointerup", () => {
      if (dragged && dragged.moved) choose(dragged.hit);
      dragged = null;
    });
    element.addEventListener("click", (event) => {
      const button = event.target.closest(".v-hit, .v-section");
      if (button) { choose(button); return; }
      const axis = event.target.closest(".v-axis");
      if (!axis) return;
      const box = axis.getBoundingClientRect();
      const end = parseFloat(axis.parentElement.style.getPropertyValue("--d"));
      const second = ((event.clientX - box.left) / box.width) * end;
      axis.closest(".v-tab").querySelectorAll("video").forEach((video) => { video.currentTime = second; });
    });
    element.addEventListener("keydown", (event) => {
      const hit = event.target.closest(".v-hit");
      const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!hit || !way) return;
      event.preventDefault();
      place(hit, seconds(hit) + way * (event.shiftKey ? 0.1 : 0.01));
      choose(hit);
    });
  };

  window.v2mShow = () => {
    const stage = [...document.querySelectorAll(".v-stage")].find((one) => one.offsetParent !== null);
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (stage && stage.getBoundingClientRect().top < 0) stage.scrollIntoView({ behavior: calm ? "auto" : "smooth" });
  };

  // Sending a file: its bytes as they are, so that nothing has to be taken apart on the other side.
  const base = new URL(document.baseURI).pathname.replace(/\/$/, "");
  const send = (file, onShare) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${base}/v2m/upload`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.setRequestHeader("x-file-name", encodeURIComponent(file.name.slice(-200)));
    request.upload.addEventListener("progress", (event) => onShare(event.loaded / Math.max(event.total, 1)));
    request.addEventListener("error", () => reject(new Error("The file could not be sent: is the page still there?")));
    request.addEventListener("load", () => {
      let said = {};
      try { said = JSON.parse(request.responseText); } catch { /* a proxy's own words */ }
      if (request.status === 200) resolve(said.upload);
      else reject(Object.assign(new Error(said.error || `The file was refused (${request.status}).`), { wait: request.status === 503 }));
    });
    request.send(file);
  });
  window.v2mDrop = (element, props, trigger, watch) => {
    const drop = () => element.querySelector(".v-drop");
    const say = (text, bad = false) => {
      const says = drop().querySelector(".v-says");
      says.textContent = text;
      says.classList.toggle("bad", bad);
    };
    const take = async (file) => {
      if (!file || drop().classList.contains("busy")) return;
      const most = Number(drop().dataset.most);
      if (file.size > most) { say(`The file has ${Math.ceil(file.size / 2 ** 20)} MB; ${most / 2 ** 20} MB is the most here.`, true); return; }
      drop().classList.add("busy");
      const bar = drop().querySelector("progress");
      try {
        for (let tries = 0; ; tries += 1) {
          try {
            say(`Sending ${file.name}`);
            const upload = await send(file, (share) => { bar.value = share; });
            say("Looking at it");
            props.value = upload;
            trigger("upload");
            return;
          } catch (error) {
            if (!error.wait || tries === 60) throw error;
            say(error.message);
            await new Promise((later) => { setTimeout(later, 2000); });
          }
        }
      } catch (error) {
        say(error.message, true);
      } finally {
        drop().classList.remove("busy");
        bar.value = 0;
        drop().querySelector("input").value = "";
      }
    };
    element.addEventListener("change", (event) => {
      if (event.target.type === "file") { event.stopPropagation(); take(event.target.files[0]); }
    });
    // The server has looked at it, and says elsewhere what it is.
    watch("value", () => { if (!props.value) say(""); });
    element.addEventListener("dragover", (event) => { event.preventDefault(); drop().classList.add("over"); });
    element.addEventListener("dragleave", () => drop().classList.remove("over"));
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      drop().classList.remove("over");
      take(event.dataTransfer.files[0]);
    });
  };
})();
