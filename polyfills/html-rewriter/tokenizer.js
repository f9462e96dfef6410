// Splits HTML into tags, texts, comments and doctypes, as they come.
// https://html.spec.whatwg.org/multipage/parsing.html#tokenization
//
// The input is a binary string, a character for each byte, because whatever nobody changes
// has to leave byte for byte as it came; every encoding in use has ASCII where HTML's syntax
// is. A token is a range of the input. What cannot be told before more input is there waits.

export const NONE = 0; // more input is needed, or all is done
export const TEXT = 1;
export const START_TAG = 2;
export const END_TAG = 3;
export const COMMENT = 4;
export const DOCTYPE = 5;
const OTHER = 6; // bytes that are nothing, such as "</>"

// What text is in, besides elements of which the content is text only: those go by name.
const DATA = "";
const CDATA = "[";
const PLAINTEXT = "plaintext";

const MAX_TOKEN_BYTES = 3 * 1024 * 1024;
const TOO_LONG = "Parser error: The memory limit has been exceeded.";

const TAG_NAME = /[^\t\n\f\r />]*/y;
const BETWEEN_ATTRIBUTES = /[\t\n\f\r /]*/y;
const ATTRIBUTE_NAME = /=?[^\t\n\f\r />=]*/y;
const SPACE = /[\t\n\f\r ]*/y;
const UNQUOTED = /[^\t\n\f\r >]*/y;
// The end of a comment, from behind its "<!"; "<!-->" and "<!--->" are whole comments.
const COMMENT_END = /--!?>/g;
const IN_SCRIPT = /<!--|-->|<\/?script[\t\n\f\r />]/gi;

const NO_ATTRIBUTES = Object.freeze([]);

// Attributes of which no other reading is possible, and the end of their tag.
const PLAIN_ATTRIBUTES =
  /(?:[\t\n\f\r ]+[^\t\n\f\r />="']+(?:="[^"]*"|='[^']*'|=[^\t\n\f\r />="'`]+(?=[\t\n\f\r >]))?)*[\t\n\f\r ]*>/y;

const MAX_KNOWN_NAMES = 256;
const knownNames = new Map(); // names of tags as they were written → in lower case

function knownName(written) {
  const known = knownNames.get(written);
  if (known !== undefined) return known;
  const name = written.toLowerCase();
  if (knownNames.size < MAX_KNOWN_NAMES && written.length < 20) knownNames.set(written, name);
  return name;
}

/** The end of what a sticky expression matches at a place; it always matches. */
function endOf(expression, input, at) {
  expression.lastIndex = at;
  expression.test(input);
  return expression.lastIndex;
}

function isLetter(code) {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** A tokenizer; `next()` returns the kind of the next token, the fields tell of it. */
export class Tokenizer {
  input = "";
  start = 0; // of the token
  end = 0;
  name = ""; // of a tag, in lower case
  nameStart = 0;
  nameEnd = 0;
  selfClosing = false;
  contentStart = 0; // of a comment or doctype
  contentEnd = 0;
  inForeignContent = false; // set by the user of this, as is the next
  wantsText = true;
  skippedFrom = -1; // where text that was not wanted began; it ends where the token starts
  #attributes = NO_ATTRIBUTES; // null until somebody asks for those of a plain tag
  #mode = DATA;
  #scriptState = 0; // 0: plain, 1: escaped, 2: double escaped
  #scriptAt = 0; // up to where the script was looked at
  #isLast = false;
  #waitsFrom = -1; // there must be a ">" from here on before looking again makes sense

  /** Take more input in; what was returned is forgotten. */
  feed(input) {
    const rest = this.input.slice(this.end);
    if (rest.length > MAX_TOKEN_BYTES) throw new TypeError(TOO_LONG);
    this.#waitsFrom = this.#waitsFrom < 0 ? -1 : this.#waitsFrom - this.end;
    this.#scriptAt = Math.max(0, this.#scriptAt - this.end);
    this.input = rest === "" ? input : rest + input;
    this.start = 0;
    this.end = 0;
  }

  /** There will be no more input. */
  finish() {
    this.#isLast = true;
    this.#waitsFrom = -1;
  }

  /** Leave so many bytes at the end of the token for the next time. */
  giveBack(count) {
    this.end -= count;
  }

  /** What follows is the text of an element with this name, up to its end tag. */
  readText(name) {
    this.#mode = name;
    this.#scriptState = 0;
    this.#scriptAt = this.end;
  }

  next() {
    if (this.#waitsFrom >= 0 && !this.input.includes(">", this.#waitsFrom)) return NONE;
    this.#waitsFrom = -1;
    this.start = this.end;
    if (this.start === this.input.length) return NONE;
    if (this.#mode === DATA) return this.#data();
    if (this.#mode === PLAINTEXT) return this.#text(this.input.length);
    if (this.#mode === CDATA) return this.#cdata();
    return this.#mode === "script" ? this.#script() : this.#rawText();
  }

  #token(kind, end) {
    this.end = end;
    return kind;
  }

  #text(end) {
    return end > this.start ? this.#token(TEXT, end) : NONE;
  }

  /** A token cannot be told yet; at the end of the input it never will, and is `kind`. */
  #incomplete(kind = OTHER) {
    if (this.#isLast) return this.#token(kind, this.input.length);
    this.#waitsFrom = this.input.length;
    return NONE;
  }

  #data() {
    const { input, start } = this;
    for (let at = start; ; at++) {
      at = input.indexOf("<", at);
      if (at < 0) return this.#text(input.length);
      const kind = this.#markupAt(at);
      if (kind === TEXT) continue;
      if (kind === NONE) return this.#text(this.#isLast ? input.length : at);
      if (at > start) {
        if (this.wantsText) return this.#text(at);
        this.skippedFrom = start;
        this.start = at;
        this.end = at;
      }
      return this.#markup(kind);
    }
  }

  /** What the "<" at this place begins; NONE where more input decides. */
  #markupAt(at) {
    const { input } = this;
    let code = input.charCodeAt(at + 1);
    if (isLetter(code)) return START_TAG;
    if (code === 33 || code === 63) return COMMENT;
    if (code !== 47) return code === code ? TEXT : NONE;
    code = input.charCodeAt(at + 2);
    if (isLetter(code)) return END_TAG;
    if (code !== code) return this.#isLast ? TEXT : NONE;
    return code === 62 ? OTHER : COMMENT;
  }

  #markup(kind) {
    const { start, input } = this;
    if (kind === START_TAG) return this.#tag(kind, start + 1);
    if (kind === END_TAG) return this.#tag(kind, start + 2);
    if (kind === OTHER) return this.#token(OTHER, start + 3);
    return input.charCodeAt(start + 1) === 33 ? this.#declaration() : this.#bogusComment();
  }

  // ---- Tags -----------------------------------------------------------------------------

  /** Of a tag: name's start and end, value's start and end, end; for each attribute. */
  get attributes() {
    if (this.#attributes === null) {
      const attributes = (this.#attributes = []);
      for (let at = this.nameEnd; ; ) {
        at = endOf(BETWEEN_ATTRIBUTES, this.input, at);
        if (at >= this.end - 1) break;
        at = this.#attribute(at, attributes);
      }
    }
    return this.#attributes;
  }

  #tag(kind, nameStart) {
    const { input } = this;
    const short = input.indexOf(">", nameStart);
    if (short > 0) {
      // Most tags are plain: a known name, or one with attributes that cannot be misread.
      const name = knownNames.get(input.slice(nameStart, short));
      if (name !== undefined) return this.#plainTag(kind, name, nameStart, short, short);
      const nameEnd = endOf(TAG_NAME, input, nameStart);
      PLAIN_ATTRIBUTES.lastIndex = nameEnd;
      if (PLAIN_ATTRIBUTES.test(input)) {
        const end = PLAIN_ATTRIBUTES.lastIndex - 1;
        return this.#plainTag(kind, knownName(input.slice(nameStart, nameEnd)), nameStart, nameEnd, end);
      }
    }
    return this.#anyTag(kind, nameStart);
  }

  #plainTag(kind, name, nameStart, nameEnd, end) {
    this.name = name;
    this.nameStart = nameStart;
    this.nameEnd = nameEnd;
    this.selfClosing = false;
    this.#attributes = nameEnd === end ? NO_ATTRIBUTES : null;
    return this.#token(kind, end + 1);
  }

  #anyTag(kind, nameStart) {
    const { input } = this;
    const { length } = input;
    let attributes = NO_ATTRIBUTES;
    const nameEnd = endOf(TAG_NAME, input, nameStart);
    let at = nameEnd;
    while (input.charCodeAt(at) !== 62) {
      at = endOf(BETWEEN_ATTRIBUTES, input, at);
      if (at >= length) return this.#incomplete();
      if (input.charCodeAt(at) === 62) break;
      if (attributes === NO_ATTRIBUTES) attributes = [];
      at = this.#attribute(at, attributes);
      if (at > length) return this.#incomplete();
    }
    this.name = input.slice(nameStart, nameEnd).toLowerCase();
    this.nameStart = nameStart;
    this.nameEnd = nameEnd;
    this.#attributes = attributes;
    this.selfClosing = at > nameEnd && input.charCodeAt(at - 1) === 47 && !endsValue(attributes, at);
    return this.#token(kind, at + 1);
  }

  /** Adds the attribute at this place; returns its end, past the input's where that is open. */
  #attribute(at, attributes) {
    const { input } = this;
    const nameEnd = endOf(ATTRIBUTE_NAME, input, at);
    const equals = input.charCodeAt(nameEnd) === 61 ? nameEnd : endOf(SPACE, input, nameEnd);
    if (input.charCodeAt(equals) !== 61) {
      attributes.push(at, nameEnd, nameEnd, nameEnd, nameEnd);
      return equals;
    }
    let valueStart = equals + 1;
    let code = input.charCodeAt(valueStart);
    if (code !== 34) {
      valueStart = endOf(SPACE, input, valueStart);
      code = input.charCodeAt(valueStart);
    }
    if (code === 34 || code === 39) {
      const valueEnd = input.indexOf(code === 34 ? '"' : "'", valueStart + 1);
      if (valueEnd < 0) return input.length + 1;
      attributes.push(at, nameEnd, valueStart + 1, valueEnd, valueEnd + 1);
      return valueEnd + 1;
    }
    const valueEnd = endOf(UNQUOTED, input, valueStart);
    attributes.push(at, nameEnd, valueStart, valueEnd, valueEnd);
    return valueEnd;
  }

  // ---- Comments and doctypes --------------------------------------------------------------

  #declaration() {
    const { input, start } = this;
    const head = input.slice(start + 2, start + 9);
    if (head.startsWith("--")) return this.#comment();
    if (/^doctype/i.test(head)) return this.#doctype();
    if (head === "[CDATA[" && this.inForeignContent) {
      this.#mode = CDATA;
      return this.#token(OTHER, start + 9);
    }
    const mayGrow = "--".startsWith(head) || "doctype".startsWith(head.toLowerCase()) || "[CDATA[".startsWith(head);
    if (mayGrow && !this.#isLast) return this.#incomplete();
    return this.#bogusComment(2);
  }

  #comment() {
    const { input, start } = this;
    this.contentStart = start + 4;
    const [, short] = /^(-?>)?/.exec(input.slice(start + 4, start + 6));
    if (short !== undefined) {
      this.contentEnd = this.contentStart;
      return this.#token(COMMENT, start + 4 + short.length);
    }
    COMMENT_END.lastIndex = start + 4;
    const end = COMMENT_END.exec(input);
    this.contentEnd = end === null ? input.length : end.index;
    return end === null ? this.#incomplete(COMMENT) : this.#token(COMMENT, COMMENT_END.lastIndex);
  }

  #bogusComment(skipped = this.input.charCodeAt(this.start + 1) === 47 ? 2 : 1) {
    const end = this.input.indexOf(">", this.start);
    this.contentStart = this.start + skipped;
    this.contentEnd = end < 0 ? this.input.length : end;
    return end < 0 ? this.#incomplete(COMMENT) : this.#token(COMMENT, end + 1);
  }

  #doctype() {
    const end = this.input.indexOf(">", this.start);
    this.contentStart = this.start + 9;
    this.contentEnd = end < 0 ? this.input.length : end;
    return end < 0 ? this.#incomplete(DOCTYPE) : this.#token(DOCTYPE, end + 1);
  }

  // ---- Text of other kinds ----------------------------------------------------------------

  #cdata() {
    const end = this.input.indexOf("]]>", this.start);
    if (end === this.start) {
      this.#mode = DATA;
      return this.#token(OTHER, end + 3);
    }
    return end > 0 ? this.#text(end) : this.#textBut(2, /\]/);
  }

  /** The text up to the end, but for the last few characters if they may begin something. */
  #textBut(count, beginning) {
    const { input, start } = this;
    if (this.#isLast) return this.#text(input.length);
    const tail = Math.max(start, input.length - count);
    const held = input.slice(tail).search(beginning);
    return this.#text(held < 0 ? input.length : tail + held);
  }

  #rawText() {
    const pattern = (endTags[this.#mode] ??= new RegExp(`</${this.#mode}[\\t\\n\\f\\r />]`, "gi"));
    pattern.lastIndex = this.start;
    const end = pattern.exec(this.input);
    if (end === null) return this.#textBut(this.#mode.length + 2, /</);
    return this.#endOfRawText(end.index);
  }

  #endOfRawText(at) {
    if (at > this.start) return this.#text(at);
    const kind = this.#tag(END_TAG, at + 2);
    if (kind === END_TAG) this.#mode = DATA;
    return kind;
  }

  /** https://html.spec.whatwg.org/multipage/parsing.html#script-data-state and those after it */
  #script() {
    const { input } = this;
    for (;;) {
      IN_SCRIPT.lastIndex = this.#scriptAt;
      const found = IN_SCRIPT.exec(input);
      if (found === null) {
        const kind = this.#textBut(8, /[<-]/);
        this.#scriptAt = Math.max(this.#scriptAt, this.end - (this.#isLast ? 0 : 2));
        return kind;
      }
      const [what] = found;
      const isEnd = what[1] === "/";
      if (isEnd && this.#scriptState < 2) {
        this.#scriptAt = found.index;
        return this.#endOfRawText(found.index);
      }
      if (what === "-->") this.#scriptState = 0;
      else if (what === "<!--") this.#scriptState ||= 1;
      else if (isEnd) this.#scriptState = 1;
      else if (this.#scriptState === 1) this.#scriptState = 2;
      // The dashes of "<!-->" end what they begin.
      this.#scriptAt = found.index + (what === "<!--" ? 2 : what.length);
    }
  }
}

const endTags = { __proto__: null };

// `<a x=1/>` has the value "1/" and does not close itself.
function endsValue(attributes, at) {
  return attributes.length > 0 && attributes[attributes.length - 1] === at;
}
