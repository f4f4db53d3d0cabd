document.addEventListener("DOMContentLoaded", () => storage.then(() => {
  const get = (id) => document.getElementById(id);
  const data = JSON.parse(get("data").textContent);
  const count = data.images.length;
  const progress = openProgress(data.study, count);
  const kinds = [...document.querySelectorAll("[data-answer]")];
  const levels = [...document.querySelectorAll("[data-confidence]")];
  const say = (text) => { get("said").textContent = text; };
  let since = null;

  const viewer = openViewer(data, (view) => {
    get("brightness").value = view.brightness;
    get("contrast").value = view.contrast;
    if (get("slice")) {
      get("slice").value = view.slice;
      get("slice-number").textContent = `${view.slice} of ${data.shape[0]}`;
    }
  });

  /* Time counts while a scan is shown and the page is visible. */
  const clock = (running) => {
    const state = progress.state, now = performance.now();
    if (since !== null) state.ms[state.at] += now - since;
    since = running ? now : null;
  };
  const keep = () => {
    progress.keep();
    get("memory").hidden = progress.works;
  };

  const screen = (name) => {
    for (const id of ["intro", "reading", "done"]) get(id).hidden = id !== name;
    document.body.dataset.screen = name;
  };

  const mark = () => {
    const state = progress.state, before = state.answers[state.at];
    const answer = state.pending || (before && before.answer);
    for (const button of kinds) button.setAttribute("aria-pressed", String(button.dataset.answer === answer));
    for (const button of levels) {
      const same = !state.pending && before && String(before.confidence) === button.dataset.confidence;
      button.setAttribute("aria-pressed", String(Boolean(same)));
    }
    get("sure").disabled = !state.pending;
    get("back").disabled = !state.pending && state.at === 0;
    get("progress").value = progress.answered();
  };

  const show = () => {
    const state = progress.state;
    screen("reading");
    get("place").textContent = `Scan ${state.at + 1} of ${count}`;
    viewer.show(state.at);
    viewer.canvas.setAttribute("aria-label", `Scan ${state.at + 1} of ${count}`);
    mark();
    say("1 real, 2 synthetic");
    get("place").focus({ preventScroll: true });
    clock(!document.hidden);
  };

  const end = () => {
    screen("done");
    get("code").textContent = progress.state.reader;
    get("end").focus();
  };

  const goTo = (at) => {
    clock(false);
    Object.assign(progress.state, { at, pending: null, finished: false });
    keep();
    show();
  };

  const finish = () => {
    clock(false);
    Object.assign(progress.state, { pending: null, finished: true });
    keep();
    end();
  };

  const choose = (answer) => {
    progress.state.pending = answer;
    keep();
    mark();
    say(`${answer}: how sure? ${levels.map((button) => button.textContent.trim().replace(/\s+/g, " ")).join(", ")}`);
    get("place").focus({ preventScroll: true });
  };

  const sure = (confidence) => {
    const state = progress.state;
    state.answers[state.at] = { answer: state.pending, confidence };
    const open = state.answers.indexOf(null);
    if (state.at + 1 < count) goTo(state.at + 1);
    else if (open >= 0) goTo(open);
    else finish();
  };

  const back = () => {
    const state = progress.state;
    if (state.pending) {
      state.pending = null;
      keep();
      mark();
      say("1 real, 2 synthetic");
    } else if (state.at > 0) goTo(state.at - 1);
  };

  const start = () => {
    const group = document.querySelector("input[name=group]:checked");
    const lacks = [group ? "" : "your group", get("consent").checked ? "" : "your consent"].filter(Boolean);
    get("missing").textContent = lacks.length ? `Still missing: ${lacks.join(" and ")}.` : "";
    if (lacks.length) return;
    progress.state.group = group.value;
    keep();
    show();
  };

  const save = () => {
    const file = progress.file();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1) + "\n"], { type: "application/json" }));
    link.download = `answers-${file.study.slice(0, 8)}-${file.reader}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    get("saved").textContent = `Saved as ${link.download}`;
    get("next").hidden = false;
  };

  const again = () => {
    progress.clear();
    get("consent").checked = false;
    for (const choice of document.querySelectorAll("input[name=group]")) choice.checked = false;
    get("saved").textContent = "";
    get("next").hidden = true;
    screen("intro");
    document.querySelector("input[name=group]").focus();
  };

  const answerKey = (event) => {
    if (event.key === "Backspace") back();
    else if (event.repeat) return /^[1-4]$/.test(event.key);
    else if (progress.state.pending && levels[event.key - 1]) sure(Number(event.key));
    else if (!progress.state.pending && kinds[event.key - 1]) choose(kinds[event.key - 1].dataset.answer);
    else return false;
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (get("reading").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    const sliding = event.target.type === "range" && event.key.startsWith("Arrow");
    if (!sliding && (answerKey(event) || viewer.key(event))) event.preventDefault();
  });
  for (const button of kinds) button.addEventListener("click", () => choose(button.dataset.answer));
  for (const button of levels) button.addEventListener("click", () => sure(Number(button.dataset.confidence)));
  for (const name of ["brightness", "contrast", "slice"]) {
    get(name)?.addEventListener("input", (event) => viewer.set({ [name]: Number(event.target.value) }));
  }
  const pressed = { start, back, save, again, reset: viewer.reset, review: () => goTo(count - 1) };
  pressed.in = () => viewer.zoom(1.25);
  pressed.out = () => viewer.zoom(0.8);
  for (const [id, act] of Object.entries(pressed)) get(id).addEventListener("click", act);
  const pause = (running) => {
    if (get("reading").hidden) return;
    clock(running);
    keep();
  };
  document.addEventListener("visibilitychange", () => pause(!document.hidden));
  window.addEventListener("pagehide", () => pause(false));

  keep();
  if (!progress.state.group) screen("intro");
  else if (progress.state.finished) end();
  else show();
}));
