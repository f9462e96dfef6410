// The objects that handlers get, each good for one call of one handler:
// https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#global-types

import { requireArguments, toDOMString } from "../kernel/webidl.js";
import { toContent, toTextContent } from "./mutations.js";

const INVALID =
  "This content token is no longer valid. Content tokens are only valid during the " +
  "execution of the relevant content handler.";
const CLOSING_COMMENT = "Parser error: Comment text shouldn't contain a comment-closing sequence.";

function invalid() {
  throw new TypeError(INVALID);
}

/** The facts of a token; throws a TypeError once its handler has ended. */
export let factsOf;
/** The handler has ended. */
export let release;

/** What all have in common: `facts` tells and takes what concerns one token of the document. */
export class Token {
  #facts;

  constructor(facts) {
    this.#facts = facts;
  }

  static {
    factsOf = (token) => token.#facts ?? invalid();
    release = (token) => (token.#facts = null);
  }
}

/** A method that puts content somewhere: `put(mutations, content)`; returns the token. */
function contentMethod(name, put, convert) {
  return {
    [name](content, options = undefined) {
      const { mutations } = factsOf(this);
      requireArguments(arguments.length, 1, `'${name}'`);
      put(mutations, convert(content, options));
      return this;
    },
  }[name];
}

function defineContentMethods(Class, convert, names) {
  const methods = {
    before: (mutations, content) => mutations.before.push(content),
    after: (mutations, content) => mutations.after.unshift(content),
    replace: (mutations, content) => mutations.replaceWith(content),
  };
  for (const name of names) {
    const value = contentMethod(name, methods[name], convert);
    Object.defineProperty(Class.prototype, name, { value, writable: true, configurable: true });
  }
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
}

/** A comment. */
export class Comment extends Token {
  get text() {
    return factsOf(this).text;
  }

  set text(value) {
    const facts = factsOf(this);
    const text = toDOMString(value);
    if (/-->|--!>|^-?>/.test(text)) throw new TypeError(CLOSING_COMMENT);
    facts.text = text;
    facts.isChanged = true;
  }

  get removed() {
    return factsOf(this).mutations.removed;
  }

  remove() {
    factsOf(this).mutations.remove();
    return this;
  }
}

defineContentMethods(Comment, toTextContent, ["before", "after", "replace"]);

/** A part of a text; the last one of each text is empty. */
export class Text extends Token {
  get text() {
    return factsOf(this).text;
  }

  get lastInTextNode() {
    return factsOf(this).isLast;
  }

  get removed() {
    return factsOf(this).mutations.removed;
  }

  remove() {
    factsOf(this).mutations.remove();
    return this;
  }
}

defineContentMethods(Text, toContent, ["before", "after", "replace"]);

/** An end tag. */
export class EndTag extends Token {
  get name() {
    return factsOf(this).name;
  }

  set name(value) {
    const facts = factsOf(this);
    facts.newName = toDOMString(value);
    facts.name = facts.newName.toLowerCase();
  }

  remove() {
    factsOf(this).mutations.remove();
    return this;
  }
}

defineContentMethods(EndTag, toContent, ["before", "after"]);

/** The document type; it can only be looked at. */
export class Doctype extends Token {
  get name() {
    return factsOf(this).name;
  }

  get publicId() {
    return factsOf(this).publicId;
  }

  get systemId() {
    return factsOf(this).systemId;
  }
}

defineContentMethods(Doctype, toContent, []);

/** The end of the document. */
export class DocumentEnd extends Token {
  append(content, options = undefined) {
    const facts = factsOf(this);
    requireArguments(arguments.length, 1, "'append' on 'DocumentEnd'");
    facts.content.push(toTextContent(content, options));
    return this;
  }
}

defineContentMethods(DocumentEnd, toContent, []);
