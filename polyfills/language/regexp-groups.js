// Patterns of more groups than QuickJS counts. Such a one is told to it several times, each time with
// other groups that capture: what a pattern matches does not depend on that, but for groups that it
// refers to, which capture each time. The first of these is the regular expression that its script
// has; the others match where that one did.

const { apply, construct } = Reflect;
const { defineProperty, getOwnPropertyDescriptor } = Object;
const { replace } = String.prototype;
const { exec: execNative } = RegExp.prototype;
const { get: flagsOf } = getOwnPropertyDescriptor(RegExp.prototype, "flags");
const Native = RegExp;
const MOST_GROUPS = 254;

const TOKEN = /\\(?:k<([^>]*)>|([1-9]\d*)|[^])|\((?!\?)|\(\?<(?![=!])([^>]*)>|[[\]]/g;

// By the regular expressions that scripts have: what they were made of, the others, and the `lists`
// of the groups that capture in each.
const divided = new WeakMap();

/** The pattern that a script has given, if it is one of these. */
export const patternOf = (regexp) => divided.get(regexp)?.pattern;

/** A new regular expression of such a pattern; as `Reflect.construct`. */
export function divide(pattern, flags, target) {
  const { count, names, referred } = groupsOf(pattern, flags);
  const lists = listsOf(count, referred);
  const regexp = construct(Native, [capturing(pattern, flags, lists[0]), flags], target);
  const sticky = `${apply(replace, apply(flagsOf, regexp, []), [/[gy]/g, ""])}y`;
  const others = [];
  for (let i = 1; i < lists.length; i++) {
    others[i - 1] = new Native(capturing(pattern, flags, lists[i]), sticky);
  }
  divided.set(regexp, { pattern, count, names, lists, others });
  watchMatches();
  return regexp;
}

/** The pattern with another text for each group's beginning, and for what refers to groups. */
function mapGroups(pattern, flags, onGroup, onReference) {
  const classesNest = `${flags}`.includes("v");
  let depth = 0;
  let count = 0;
  return apply(replace, pattern, [
    TOKEN,
    (token, referredName, referredNumber, name) => {
      if (token === "[") depth = classesNest ? depth + 1 : 1;
      else if (token === "]") depth = Math.max(depth - 1, 0);
      else if (depth > 0) return token;
      else if (token[0] === "(") return onGroup(token, ++count, name);
      else if (referredName ?? referredNumber) return onReference(token, referredName, Number(referredNumber));
      return token;
    },
  ]);
}

function groupsOf(pattern, flags) {
  const names = []; // with the number of each
  const references = new Set(); // names and numbers
  let count = 0;
  const onGroup = (_, number, name) => {
    count = number;
    if (name !== undefined) names[names.length] = [name, number];
  };
  mapGroups(pattern, flags, onGroup, (_, name, number) => references.add(name ?? number));
  for (const [name, number] of names) if (references.has(name)) references.add(number);
  const referred = [];
  for (let number = 1; number <= count; number++) {
    if (references.has(number)) referred[referred.length] = number;
  }
  return { count, names, referred };
}

function listsOf(count, referred) {
  const lists = [[...referred]];
  for (let number = 1; number <= count; number++) {
    if (referred.includes(number)) continue;
    if (lists[0].length === MOST_GROUPS) lists.unshift([...referred]);
    lists[0][lists[0].length] = number;
  }
  for (const list of lists) list.sort((a, b) => a - b);
  return lists;
}

/** The pattern in which these groups alone capture. */
function capturing(pattern, flags, list) {
  return mapGroups(
    pattern,
    flags,
    (token, number) => (list.includes(number) ? token : "(?:"),
    (token, name, number) => (name === undefined ? `\\${list.indexOf(number) + 1}` : token),
  );
}

/** The match of all groups, of those that capture these. */
function allOf(whole, parts) {
  const { index, input, indices } = parts[0];
  const all = joined(whole, parts, { index, input });
  if (indices !== undefined) {
    const each = [];
    for (let i = 0; i < parts.length; i++) each[i] = parts[i].indices;
    all.indices = joined(whole, each);
  }
  return all;
}

function joined({ count, names, lists }, parts, more) {
  const all = Object.assign([parts[0][0]], more);
  for (let number = 1; number <= count; number++) all[number] = undefined;
  for (let i = 0; i < parts.length; i++) {
    for (let j = 0; j < lists[i].length; j++) all[lists[i][j]] = parts[i][j + 1];
  }
  all.groups = names.length > 0 ? { __proto__: null } : undefined;
  for (const [name, number] of names) all.groups[name] ??= all[number];
  return all;
}

let isWatching = false;

// To call this costs more than many a match does; so it is there from the first of these patterns on.
function watchMatches() {
  if (isWatching) return;
  isWatching = true;
  const { exec: execBefore } = Native.prototype;
  const { exec } = {
    exec(string) {
      const whole = divided.get(this);
      if (whole === undefined) return apply(execBefore, this, [string]);
      string = `${string}`;
      const match = apply(execBefore, this, [string]);
      if (match === null) return null;
      const parts = [match];
      for (const other of whole.others) {
        other.lastIndex = match.index;
        parts[parts.length] = apply(execNative, other, [string]);
      }
      return allOf(whole, parts);
    },
  };
  defineProperty(Native.prototype, "exec", { value: exec, writable: true, configurable: true });
}
