// The flame graph by keyboard: one stop for Tab; the arrows move, Enter zooms, Escape shows the whole.

// `place` is what has the focus; `tell` hears of the frame that is current.
export function keyboard(place, tell, whole, zoom) {
  let current = null;
  const frames = () => [...place.querySelectorAll("g.frame")];
  const at = (frame) => {
    current = frame;
    frames().forEach((group) => group.classList.toggle("current", group.__data__ === frame));
  };
  const shown = (frame) => frames().some((group) => group.__data__ === frame);
  const beside = (step) => {
    const around = (current.parent?.children ?? [current]).filter(shown);
    around.sort((a, b) => a.x0 - b.x0);
    return around[around.indexOf(current) + step];
  };
  const widest = (all = []) => all.filter(shown).sort((a, b) => b.value - a.value)[0];
  const steps = {
    ArrowDown: () => widest(current.children),
    ArrowUp: () => current.parent,
    ArrowLeft: () => beside(-1),
    ArrowRight: () => beside(1),
  };
  const pressed = (event) => {
    current = current && shown(current) ? current : frames()[0]?.__data__;
    if (!current) return;
    if (event.key in steps) {
      const next = steps[event.key]() ?? current;
      at(next);
      tell(next);
    } else if (event.key === "Enter") {
      zoom(current);
      at(current);
    } else if (event.key === "Escape") {
      whole();
    } else {
      return;
    }
    event.preventDefault();
  };
  place.addEventListener("keydown", pressed);
  return { at, stop: () => place.removeEventListener("keydown", pressed) };
}
