// Characters that mean something in patterns and in regular expressions.

/** https://urlpattern.spec.whatwg.org/#escape-a-pattern-string */
export function escapePattern(text) {
  return text.replace(/[+*?:{}()\\]/g, "\\$&");
}

/** https://urlpattern.spec.whatwg.org/#escape-a-regexp-string */
export function escapeRegExp(text) {
  return text.replace(/[.+*?^${}()[\]|/\\]/g, "\\$&");
}

/** The expression of a name without one of its own: up to the next delimiter. */
export function segmentWildcard(delimiter) {
  return `[^${escapeRegExp(delimiter)}]+?`;
}

const ESCAPED_OR_FLAGS = /\\[^]|\(\?[a-z]*-[a-z]*:/y;

/**
 * The same regular expression, for a parser that takes the rules of character classes
 * under the flag "v" for those of the whole: outside classes "-", "/" and the second of
 * two like characters are written as escapes.
 */
export function escapeOutsideClasses(expression) {
  let result = "";
  let depth = 0;
  for (let at = 0; at < expression.length; at++) {
    ESCAPED_OR_FLAGS.lastIndex = at;
    const whole = ESCAPED_OR_FLAGS.exec(expression)?.[0];
    const character = expression[at];
    if (character === "[") depth++;
    else if (character === "]") depth--;
    if (whole !== undefined) at += whole.length - 1;
    const strange = depth === 0 && whole === undefined && isStrange(character, expression[at - 1]);
    result += strange ? `\\x${character.charCodeAt(0).toString(16)}` : (whole ?? character);
  }
  return result;
}

const isStrange = (character, before) =>
  "-/".includes(character) || (character === before && "&!#%,:;<=>@`~".includes(character));
