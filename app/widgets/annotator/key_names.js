// How keys are called: what a key press is, whatever the keyboard's layout, and what is printed for it.
//
// A key is written as the browser names it, letters small: "1", "q", "?", "ArrowLeft", "Enter", "Shift+q", "Ctrl+Enter"
// (Ctrl is Cmd on a Mac).

const MODIFIERS = ["Control", "Shift", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock", "ScrollLock", "Fn"];
const PLACES = { Comma: ",", Period: ".", Slash: "/", Minus: "-", Equal: "=", Semicolon: ";", Quote: "'" };

// The names that a key press can go by, the best first; none for a modifier alone.
export function pressed(event) {
  if (MODIFIERS.includes(event.key)) return [];
  // AltGr types characters, and is Ctrl and Alt at once on Windows
  const typed = event.getModifierState?.("AltGraph") && event.key.length === 1;
  const before = typed ? "" : (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "");
  return names(event).map((name) => {
    const shifted = event.shiftKey && (name.length > 1 || /\p{L}/u.test(name));
    return before + (shifted ? "Shift+" : "") + name;
  });
}

// A layout or an input method that writes other letters (Cyrillic, Chinese) still has the keys in their places.
function names(event) {
  const { key } = event;
  const code = event.code ?? "";
  const letter = /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  const written = Array.from(key).length === 1;
  if (!written && !/^(Process|Dead|Unidentified|)$/.test(key)) return [key];
  const plain = written ? key.normalize("NFKC").replace("。", ".").toLowerCase() : "";
  if (plain && /^[!-~ ]$/.test(plain)) return digit && !event.shiftKey && plain !== digit ? [plain, digit] : [plain];
  const place = letter ?? digit ?? (code === "Slash" && event.shiftKey ? "?" : PLACES[code]);
  return [place, plain].filter(Boolean);
}

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space", Backspace: "⌫", Delete: "Del" };

// A key as assistive technology is told of it.
export const shortcut = (key) => key.replace(/^Ctrl\+/, "Control+").replace(/ $/, "Space");

// A key as it is printed on a key cap.
export const keyName = (key) => key.split(/(?<=.)\+(?=.)/u).map((part) => SIGNS[part] ?? part.toUpperCase()).join("+");
