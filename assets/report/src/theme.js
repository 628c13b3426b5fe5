// Light or dark: as the system has it, until the button says otherwise.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

const colours = new Map();

const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

// Makes the button switch, and calls `changed` after each change.
export function themeButton(button, changed) {
  const tell = () => {
    colours.clear();
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Show the page in ${isDark() ? "light" : "dark"} colours`);
    changed();
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    tell();
  });
  system.addEventListener("change", tell);
  tell();
}

// Paper is light, and nothing opens on it: for as long as it is printed the page is light and unfolded. `changed` is
// called when the colours have.
export function onPaper(changed) {
  let theme;
  let folded = [];
  const colour = (name) => {
    if (name) root.dataset.theme = name;
    else delete root.dataset.theme;
    colours.clear();
    changed();
  };
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((it) => it.setAttribute("open", ""));
    colour("light");
  });
  addEventListener("afterprint", () => {
    folded.forEach((it) => it.removeAttribute("open"));
    colour(theme);
  });
}

// A colour of the style as it is now: `colour("--line-1")`. A canvas knows no variables.
export function colour(name) {
  if (!colours.has(name)) colours.set(name, computed(name));
  return colours.get(name);
}

function computed(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
