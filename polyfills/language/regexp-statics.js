// `RegExp.$1` and its like: what the last match was.
// https://github.com/tc39/proposal-regexp-legacy-features
//
// To note each match would cost more than many a match does; so only those scripts have them that
// name them.

const { defineProperty } = Object;
const { apply } = Reflect;
const { exec: execNative } = RegExp.prototype;
const { slice } = Array.prototype;
const MOST_GROUPS = 9;

let input = "";
let index = 0;
let groups = [""]; // the whole, and the first nine
let lastGroup = "";

function note(match) {
  input = match.input;
  index = match.index;
  groups = apply(slice, match, [0, MOST_GROUPS + 1]);
  lastGroup = match.length > 1 ? (match[match.length - 1] ?? "") : "";
}

const PROPERTIES = [
  [["input", "$_"], () => input],
  [["lastMatch", "$&"], () => groups[0]],
  [["lastParen", "$+"], () => lastGroup],
  [["leftContext", "$`"], () => input.slice(0, index)],
  [["rightContext", "$'"], () => input.slice(index + groups[0].length)],
];
for (let i = 1; i <= MOST_GROUPS; i++) PROPERTIES.push([[`$${i}`], () => groups[i] ?? ""]);

/** Have RegExp tell of the last match from now on. */
export function provideMatchStatics() {
  const { exec } = {
    exec(string) {
      const match = apply(execNative, this, [string]);
      if (match !== null) note(match);
      return match;
    },
  };
  defineProperty(RegExp.prototype, "exec", { value: exec, writable: true, configurable: true });
  for (const [names, get] of PROPERTIES) {
    const set = (value) => {
      if (get === PROPERTIES[0][1]) input = `${value}`;
    };
    for (const name of names) defineProperty(RegExp, name, { get, set, configurable: true });
  }
}
