/* One scan on a canvas: window, zoom, slice. Gray values are 12 bits; z = low + step * value. */
const openViewer = (data, changed) => {
  const [slices, rows, columns] = data.shape;
  const [bottom, top] = data.window;
  const canvas = document.getElementById("scan"), stage = document.getElementById("stage");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  canvas.width = columns;
  canvas.height = rows;
  const picture = pen.createImageData(columns, rows), rgba = picture.data.fill(255);
  const view = {};
  const held = (x, low, high) => Math.min(high, Math.max(low, x));
  let gray = null;

  const decode = (text) => {
    const raw = atob(text), values = new Uint16Array(raw.length / 2);
    for (let k = 0; k < values.length; k++) values[k] = raw.charCodeAt(2 * k) | (raw.charCodeAt(2 * k + 1) << 8);
    return values;
  };

  /* Brightness moves the window's centre by up to its usual width, contrast scales its width by up to 8. */
  const draw = () => {
    const width = (top - bottom) * 2 ** (-view.contrast / 33.3);
    const centre = (top + bottom) / 2 - (view.brightness / 100) * (top - bottom);
    const first = (view.slice - 1) * rows * columns, scale = 255 / width, low = centre - width / 2;
    for (let k = 0; k < rows * columns; k++) {
      const value = (data.low + data.step * gray[first + k] - low) * scale;
      rgba[4 * k] = rgba[4 * k + 1] = rgba[4 * k + 2] = value;
    }
    pen.putImageData(picture, 0, 0);
    canvas.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
    changed(view);
  };

  const set = (change) => {
    Object.assign(view, change);
    for (const name of ["brightness", "contrast"]) view[name] = held(view[name], -100, 100);
    view.slice = held(Math.round(view.slice), 1, slices);
    view.zoom = held(view.zoom, 1, 8);
    const room = ((view.zoom - 1) / 2) * stage.clientWidth, tall = ((view.zoom - 1) / 2) * stage.clientHeight;
    view.x = held(view.x, -room, room);
    view.y = held(view.y, -tall, tall);
    if (gray) draw();
  };
  const by = (change) => set(Object.fromEntries(Object.entries(change).map(([name, step]) => [name, view[name] + step])));
  const reset = () => set({ brightness: 0, contrast: 0, zoom: 1, x: 0, y: 0, slice: Math.floor(slices / 2) + 1 });
  const zoom = (factor) => set({ zoom: view.zoom * factor, x: view.x * factor, y: view.y * factor });
  const show = (index) => {
    gray = decode(data.images[index]);
    reset();
  };

  const fingers = new Map();
  const spread = () => {
    const [one, two] = [...fingers.values()];
    return { far: Math.hypot(one.x - two.x, one.y - two.y), x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 };
  };
  const moved = (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = fingers.size === 2 ? spread() : fingers.get(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2) {
      const after = spread();
      zoom(after.far / Math.max(before.far, 1));
      by({ x: after.x - before.x, y: after.y - before.y });
      return;
    }
    const right = event.clientX - before.x, down = event.clientY - before.y;
    by(event.shiftKey ? { x: right, y: down } : { contrast: right / 3, brightness: -down / 3 });
  };
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  stage.addEventListener("pointermove", moved);
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => fingers.delete(event.pointerId));
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (slices > 1 && !event.ctrlKey) by({ slice: Math.sign(event.deltaY) });
    else zoom(2 ** (-event.deltaY / 400));
  }, { passive: false });

  const STEP = 4, MOVE = 24;
  const arrows = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  /* Whether a key was one of the view's. */
  const key = (event) => {
    const arrow = arrows[event.key];
    if (arrow && event.shiftKey) by({ x: MOVE * arrow[0], y: -MOVE * arrow[1] });
    else if (arrow) by({ contrast: STEP * arrow[0], brightness: STEP * arrow[1] });
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "r" || event.key === "R") reset();
    else if (slices > 1 && event.key === ",") by({ slice: -1 });
    else if (slices > 1 && event.key === ".") by({ slice: 1 });
    else return false;
    return true;
  };
  return { show, set, by, zoom, reset, key, canvas };
};
