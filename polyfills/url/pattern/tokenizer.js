// Pattern strings cut into tokens: https://urlpattern.spec.whatwg.org/#tokenizing

const NAME_START = /[\p{ID_Start}$_]/u;
const ASCII_LETTER = /^[A-Za-z]$/;
const NAME_PART = /[\p{ID_Continue}$\u200c\u200d]/u;
const SINGLE = { "*": "asterisk", "+": "other-modifier", "?": "other-modifier", "{": "open", "}": "close" };

/** https://urlpattern.spec.whatwg.org/#is-a-valid-name-code-point */
export function isNameCharacter(character, first) {
  if (ASCII_LETTER.test(character)) return true;
  return (first ? NAME_START : NAME_PART).test(character);
}

/**
 * The tokens of a pattern, an "end" token last: { type, index, value }. What makes no
 * sense is a TypeError or, if `lenient`, a token "invalid-char".
 */
export function tokenize(pattern, { lenient }) {
  const tokenizer = new Tokenizer(pattern, lenient);
  return tokenizer.run();
}

/** Thrown and caught below: the token that begins here is malformed. */
const MALFORMED = Symbol("malformed");

class Tokenizer {
  #input;
  #lenient;
  #tokens = [];

  constructor(input, lenient) {
    this.#input = input;
    this.#lenient = lenient;
  }

  run() {
    const input = this.#input;
    let index = 0;
    while (index < input.length) index = this.#next(index);
    this.#add("end", index, index, index);
    return this.#tokens;
  }

  /** Add the token that begins at `index`; where the next one begins. */
  #next(index) {
    const character = this.#at(index);
    const after = index + character.length;
    if (character in SINGLE) return this.#add(SINGLE[character], index, index, after);
    if (character === "\\") return this.#escape(index, after);
    if (character === ":") return this.#name(index, after);
    if (character === "(") return this.#regexp(index, after);
    return this.#add("char", index, index, after);
  }

  #escape(index, start) {
    if (start >= this.#input.length) return this.#invalid(index, index, start);
    return this.#add("escaped-char", index, start, start + this.#at(start).length);
  }

  #name(index, start) {
    let end = start;
    while (end < this.#input.length) {
      const character = this.#at(end);
      if (!isNameCharacter(character, end === start)) break;
      end += character.length;
    }
    if (end === start) return this.#invalid(index, index, start);
    return this.#add("name", index, start, end);
  }

  #regexp(index, start) {
    const end = this.#regexpEnd(start);
    if (end === MALFORMED || end === start) return this.#invalid(index, index, start);
    this.#add("regexp", index, start, end);
    return end + 1;
  }

  /** Where the ")" of a regular expression stands; groups in it must not capture. */
  #regexpEnd(start) {
    const input = this.#input;
    if (input[start] === "?") return MALFORMED;
    let depth = 1;
    for (let at = start; at < input.length; at++) {
      const character = input[at];
      if (character > "\x7f") return MALFORMED;
      if (character === "\\") {
        at++;
        if (at >= input.length || input[at] > "\x7f") return MALFORMED;
      } else if (character === ")") {
        if (--depth === 0) return at;
      } else if (character === "(") {
        if (input[at + 1] !== "?") return MALFORMED;
        depth++;
      }
    }
    return MALFORMED;
  }

  #at(index) {
    return String.fromCodePoint(this.#input.codePointAt(index));
  }

  #add(type, index, start, end) {
    this.#tokens.push({ type, index, value: this.#input.slice(start, end) });
    return end;
  }

  #invalid(index, start, end) {
    if (!this.#lenient) {
      throw new TypeError(`Invalid URL pattern: "${this.#input}" is malformed at ${index}.`);
    }
    return this.#add("invalid-char", index, start, end);
  }
}
